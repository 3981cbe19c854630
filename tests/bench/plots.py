# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Plots of the sweep, as SVG and PNG, by gnuplot."""

import os
import shutil

import procs
from procs import say

# What the axis counts, and what stays the same.
AXES = {"flows": ("flows in turn", "64 B frames, 2 ports, 200 ACL rules a port"),
        "rules": ("ACL rules a port", "64 B frames, 2 ports, 8,192 flows"),
        "ports": ("ports", "64 B frames, a flow a port, everything to the partner")}
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


def _ticks(curves):
    """The points that were measured are the ticks; in thousands and millions where they are round."""
    def label(x):
        for unit, letter in ((1000000, "M"), (1000, "k")):
            if x >= unit and x % unit == 0:
                return f"{x // unit}{letter}"
        return f"{x:,}"

    xs = sorted({int(x) for points in curves.values() for x, _ in points})
    return ", ".join(f"'{label(x)}' {x}" for x in xs), xs[0], xs[-1]


def _script(axis, curves, path):
    what, rest = AXES[axis]
    ticks, first, last = _ticks(curves)
    data = []
    for (switch, ring), points in curves.items():
        data.append(f"${switch}_{ring} << END\n" +
                    "".join(f"{x} {value}\n" for x, value in points) + "END")
    plot = ", ".join(f"${switch}_{ring} with linespoints lw 2 ps 1.2 {LOOKS[switch, ring]} "
                     f"title '{NAMES[switch]}, {ring} rings'" for switch, ring in curves)
    lines = [*data, f"set title 'Cost of a packet: {rest}'", f"set xlabel '{what} (log)'",
             "set ylabel 'cycles a packet (TSC, busy rounds)'", "set logscale x",
             f"set xtics ({ticks})", f"set xrange [{first * 0.8}:{last * 1.25}]", "set yrange [0:*]",
             "set grid lt 1 lw 1 lc rgb '#d0d0d0'", "set border 3", "set tics nomirror",
             "set bmargin 7",
             "set key at screen 0.5,0.02 bottom center horizontal samplen 3 maxrows 2"]
    for terminal, ending in (("svg size 900,560 font 'sans,14' background 'white'", "svg"),
                             ("pngcairo size 900,560 font 'sans,12'", "png")):
        lines += [f"set terminal {terminal}", f"set output '{path}.{ending}'", f"plot {plot}"]
    return "\n".join([*lines, ""])


def draw(rows, out_dir):
    if not shutil.which("gnuplot"):
        say("sweep: gnuplot is not installed (`make bench-setup` does it): no plots")
        return
    for axis in AXES:
        curves = _curves(rows, axis)
        if curves:
            path = os.path.join(out_dir, f"cycles-{axis}")
            procs.run(["gnuplot"], data=_script(axis, curves, path))
