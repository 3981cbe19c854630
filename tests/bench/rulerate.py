# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Case e: how fast rules come and go in a table of a million while traffic flows.

Compared is what an administrator's program would use: a batch of lines on xvio-vhost's control
socket, and OpenFlow changes by ovs-ofctl --bundle, each with one answer. Two rates are told. By the
clock: both switches' control threads share the home core with the generator, which never rests, so
each is also measured with the generator at rest. And by the processor time that the changes cost.
"""

import time

import cases
import measure
import procs
import rules
from procs import say

CONFIG = cases.Config("e", "packed")
CLOCK, PROCESSOR = "rules_per_second", "rules_per_cpu_second"
FILL_BATCH = 100000
CHANGE_S = 4.0  # how long rules are changed, at least
BATCH_S = 0.3  # a batch grows until it takes about that long
FIRST_BATCH = 64
MAX_BATCH = 50000


class Table:
    """The rules that stand in the table, oldest first; each change takes some out and puts new ones in."""

    def __init__(self, switch):
        self.switch = switch
        self.oldest = self.next = 0

    def _send(self, first, num, add):
        """The seconds it took the switch, writing the text before is not in them: by the clock, and
        of processor time."""
        text = self.switch.rules_text(rules.many_hosts(num, first), add)
        ran, began = self.switch.control_seconds(), time.monotonic()
        self.switch.send_rules(text)
        return time.monotonic() - began, self.switch.control_seconds() - ran

    def fill(self, num_rules):
        """Insertions a second, by the clock."""
        seconds = 0
        while self.next < num_rules:
            step = min(FILL_BATCH, num_rules - self.next)
            seconds += self._send(self.next, step, True)[0]
            self.next += step
        return num_rules / seconds

    def change(self, num):
        """num deletions, then num insertions; what _send() says of each."""
        deleting = self._send(self.oldest, num, False)
        inserting = self._send(self.next, num, True)
        self.oldest += num
        self.next += num
        return deleting, inserting

    def change_for(self, seconds):
        """Rates a second: of deletions, insertions, both together; both by processor time."""
        batch = FIRST_BATCH
        delete_s = insert_s = ran_s = num = 0
        while delete_s + insert_s < seconds:
            deleting, inserting = self.change(batch)
            delete_s += deleting[0]
            insert_s += inserting[0]
            ran_s += deleting[1] + inserting[1]
            num += batch
            if deleting[0] + inserting[0] < BATCH_S:
                batch = min(2 * batch, MAX_BATCH)
        return {"delete": num / delete_s, "insert": num / insert_s,
                "both": 2 * num / (delete_s + insert_s), "ran": 2 * num / ran_s}


def _show(name, num_rules, fill, quiet, rates, before, figures):
    say(f"  {name}: by the clock, generator and control thread sharing a core: {rates['both']:,.0f} "
        f"changes/s of {num_rules:,} rules ({rates['delete']:,.0f} deletions/s, "
        f"{rates['insert']:,.0f} insertions/s)")
    say(f"  {name}: {rates['ran']:,.0f} changes a second of processor time; by the clock with the "
        f"generator at rest {quiet['both']:,.0f}/s; filled with {fill:,.0f}/s")
    say(f"  {name}: meanwhile {figures['mpps']:.2f} Mpps arrived ({before['mpps']:.2f} before), "
        f"lost {figures['lost_share']:.2%}")


def _measure(context, maker, config, num_rules, result):
    setup = measure.Setup(context, maker, config)
    name = setup.name
    try:
        setup.start()
        before = setup.window()
        table = Table(setup.switch)
        setup.switch.resume()
        time.sleep(0.05)
        began = setup.snapshot()
        fill = table.fill(num_rules)
        quiet = table.change_for(CHANGE_S)
        if setup.clock_jumped(began, setup.snapshot()):
            raise procs.BenchError(measure.CLOCK_JUMPED)
        setup.switch.pause()
        rates = {}
        figures = setup.window(during=lambda: rates.update(table.change_for(CHANGE_S)))
        result.complain(config, name, setup.finish())
    finally:
        setup.end()
    _show(name, num_rules, fill, quiet, rates, before, figures)
    result.add_run(config, name, 1, figures)
    rows = {("e", CLOCK): rates["both"], ("e", PROCESSOR): rates["ran"],
            ("e-delete", CLOCK): rates["delete"], ("e-insert", CLOCK): rates["insert"],
            ("e-quiet", CLOCK): quiet["both"], ("e-quiet", PROCESSOR): quiet["ran"],
            ("e-fill", CLOCK): fill, ("e", "mpps"): figures["mpps"],
            ("e-before", "mpps"): before["mpps"]}
    for (case, metric), value in rows.items():
        result.add(case, config.ring, config.size_bytes, metric, name, value)


def run(context, makers, num_rules, result):
    for maker in makers:
        try:
            _measure(context, maker, CONFIG, num_rules, result)
        except procs.BenchError as error:
            result.fail(CONFIG, maker.name, error)
