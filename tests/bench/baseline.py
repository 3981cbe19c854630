# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Figures by case and ring, compared with a file of the tree: used by tests/bench/count and
tests/bench/path. A case that the path refuses stands in the file as refused, so that one that stops
or begins to work is noticed too."""
import sys

REFUSED = "refused"


def fail(program, why):
    print(f"{program}: {why}")
    sys.exit(1)


def read(path):
    return dict(line.rsplit(" ", 1) for line in path.read_text().splitlines()
                if line and not line.startswith("#"))


def write(path, head, figures):
    lines = [f"{name} {figures[name]}" for name in sorted(figures)]
    path.write_text("".join(f"# {line}\n" for line in head) + "\n".join(lines) + "\n")
    print("\n".join(lines))


def compare(path, wanted, figures, unit, slack, target):
    """Complaints about what has grown by more than slack beyond wanted, come or gone, and remarks on
    what has shrunk by as much. wanted was read from path; target is the make target that writes it."""
    accept = f"To accept it: `make {target}`, and commit {path.name} with the change."
    complaints, remarks = [], []
    for name in sorted(wanted.keys() | figures.keys()):
        old, new = wanted.get(name, "not there"), figures.get(name, "not there")
        if not {REFUSED, "not there"}.isdisjoint((old, new)):
            if old != new:
                complaints.append(f"{name}: {new}, in the baseline {old}. {accept}")
            continue
        growth = float(new) / float(old) - 1
        if growth > slack:
            complaints.append(f"{name}: {new} {unit}, {growth:+.1%} against the baseline's {old}; "
                              f"more than {slack:.0%} fails. {accept}")
        elif growth < -slack:
            remarks.append(f"{name}: {growth:+.1%}, the baseline can come down: `make {target}`")
    return complaints, remarks
