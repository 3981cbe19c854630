# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Results: every window as a line of runs.csv, medians as results.csv, the goals as a table."""

import csv
import os
import statistics

from cases import GOALS, RINGS

COLUMNS = ("case", "ring", "size_bytes", "metric", "ours", "peer", "ratio")
RUN_COLUMNS = ("case", "ring", "size_bytes", "switch", "run", "cycles_per_packet", "mpps",
               "busy_share", "lost_share", "disturbed_share")


def _digits(value):
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


class Report:
    def __init__(self, out_dir):
        self.dir = out_dir
        self.rows = {}  # (case, ring, size, metric) -> [ours, peer]
        self.wrong = []  # what the traffic checks found
        self.failed = []  # what could not be measured, and why
        self.runs = []

    def add_run(self, config, switch, run, figures):
        self.runs.append([config.case, config.ring, config.size_bytes, switch, run] +
                         [round(figures[name], 4) for name in RUN_COLUMNS[5:]])

    def add(self, case, ring, size_bytes, metric, switch, value):
        row = self.rows.setdefault((case, ring, int(size_bytes), metric), [None, None])
        row[0 if switch == "ours" else 1] = value

    def add_medians(self, config, switch, windows):
        for metric in ("cycles_per_packet", "mpps"):
            value = statistics.median(window[metric] for window in windows)
            self.add(config.case, config.ring, config.size_bytes, metric, switch, value)

    def add_lines(self, text):
        """Rows that another program of the bench printed, in our columns."""
        for row in csv.reader(text.splitlines()):
            if len(row) == len(COLUMNS) and row[0] != COLUMNS[0]:
                self.add(*row[:4], "ours", float(row[4]))

    def complain(self, config, switch, complaints):
        for text in complaints:
            self.wrong.append(f"{config.title()}, {switch}: {text}")

    def fail(self, config, switch, error):
        self.failed.append(f"{config.title()}, {switch}: {error}")

    def ours(self, case, ring, size_bytes, metric):
        return self.rows.get((case, ring, size_bytes, metric), [None, None])[0]

    def write(self):
        with open(os.path.join(self.dir, "runs.csv"), "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(RUN_COLUMNS)
            out.writerows(self.runs)
        with open(os.path.join(self.dir, "results.csv"), "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(COLUMNS)
            for key, (ours, peer) in sorted(self.rows.items()):
                ratio = ours / peer if ours is not None and peer else None
                out.writerow([*key, _digits(ours), _digits(peer), _digits(ratio)])

    def figures(self):
        """The table of figures, as lines."""
        lines = [f"{'case':10}{'ring':8}{'size':>6}  {'metric':26}{'ours':>10}{'peer':>10}{'ratio':>8}"]
        for (case, ring, size, metric), (ours, peer) in sorted(self.rows.items()):
            ratio = ours / peer if ours is not None and peer else None
            lines.append(f"{case:10}{ring:8}{size:>6}  {metric:26}{_digits(ours):>10}"
                         f"{_digits(peer):>10}{_digits(ratio):>8}")
        return lines

    def _judge(self, goal, ring):
        """(figure that is held against the limit, or None; whether it is met)."""
        row = self.rows.get((goal.case, ring, goal.size_bytes, goal.metric))
        if row is None or row[0] is None:
            return None, False
        value = row[0]
        if goal.of:
            base = row[1] if goal.of == "peer" else self.ours(goal.of, ring, 64, goal.metric)
            if not base:
                return None, False
            value = value / base
        return value, value >= goal.limit if goal.at_least else value <= goal.limit

    def goals(self):
        """The table of goals, as lines: met, NOT met, or not measured."""
        lines = []
        for goal in GOALS:
            for ring in RINGS:
                value, met = self._judge(goal, ring)
                here = any(key[0] == goal.case and key[1] == ring for key in self.rows)
                if not here:
                    continue
                verdict = "not measured" if value is None else "met" if met else "NOT met"
                lines.append(f"{goal.case:10}{ring:8}{goal.metric:26}{goal.text():36}"
                             f"{_digits(value):>10}  {verdict}")
        return lines
