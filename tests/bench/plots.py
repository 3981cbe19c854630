# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Plots of the sweep, as SVG and PNG, by gnuplot."""

import os
import shutil

import procs
from procs import say

TITLES = {"flows": "flows, 200 ACL rules a port", "rules": "ACL rules a port, 8,192 flows",
          "ports": "ports, everything to the partner"}
LOOKS = {("ours", "packed"): "lc rgb '#1b6ca8' dt 1 pt 7", ("ours", "split"): "lc rgb '#1b6ca8' dt 2 pt 6",
         ("peer", "packed"): "lc rgb '#c0392b' dt 1 pt 5", ("peer", "split"): "lc rgb '#c0392b' dt 2 pt 4"}
NAMES = {"ours": "xvio-vhost", "peer": "OVS-DPDK"}


def _curves(rows, axis):
    """{(switch, ring): [(x, cycles)]} of what was measured."""
    curves = {}
    for row_axis, x, ring, *values in rows:
        for switch, value in zip(("ours", "peer"), values):
            if row_axis == axis and value != "":
                curves.setdefault((switch, ring), []).append((x, value))
    return curves


def _script(axis, curves, path):
    lines = [f"set terminal {kind} size 800,500" + (" background 'white'" if kind == "svg" else "")
             + f"\nset output '{path}.{ending}'\nreplot" for kind, ending in
             (("svg", "svg"), ("pngcairo", "png"))]
    data = []
    for (switch, ring), points in curves.items():
        data.append(f"${switch}_{ring} << END\n" +
                    "".join(f"{x} {value}\n" for x, value in points) + "END")
    plot = ", ".join(f"${switch}_{ring} with linespoints lw 2 {LOOKS[switch, ring]} "
                     f"title '{NAMES[switch]}, {ring}'" for switch, ring in curves)
    return "\n".join([
        *data, "set terminal unknown", f"set xlabel '{TITLES[axis]}'",
        "set ylabel 'cycles per packet (TSC, busy)'", "set logscale x", "set format x '%.0s%c'",
        "set yrange [0:*]", "set grid", "set key outside top center horizontal", f"plot {plot}",
        *lines, ""])


def draw(rows, out_dir):
    if not shutil.which("gnuplot"):
        say("sweep: gnuplot is not installed (`make bench-setup` does it): no plots")
        return
    for axis in TITLES:
        curves = _curves(rows, axis)
        if curves:
            path = os.path.join(out_dir, f"cycles-{axis}")
            procs.run(["gnuplot"], data=_script(axis, curves, path))
