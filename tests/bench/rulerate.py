# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Case e: how fast rules come and go in a table of a million while traffic flows.

Compared is what an administrator's program would use: lines on xvio-vhost's control socket, and
OpenFlow changes by ovs-ofctl. Both switches' control threads share the home core with the generator,
so each is also measured with the generator at rest.
"""

import time

import cases
import measure
import procs
import rules
from procs import say

CONFIG = cases.Config("e", "packed")
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
        """The seconds it took the switch; writing the text before is not in them."""
        text = self.switch.rules_text(rules.many_hosts(num, first), add)
        began = time.monotonic()
        self.switch.send_rules(text)
        return time.monotonic() - began

    def fill(self, num_rules):
        seconds = 0
        while self.next < num_rules:
            step = min(FILL_BATCH, num_rules - self.next)
            seconds += self._send(self.next, step, True)
            self.next += step
        return num_rules / seconds

    def change(self, num):
        """num deletions, then num insertions; the seconds that each took."""
        delete_s = self._send(self.oldest, num, False)
        insert_s = self._send(self.next, num, True)
        self.oldest += num
        self.next += num
        return delete_s, insert_s

    def change_for(self, seconds):
        """(deletions, insertions) a second, and both together."""
        batch = FIRST_BATCH
        taken = [0, 0, 0]
        while taken[0] + taken[1] < seconds:
            delete_s, insert_s = self.change(batch)
            taken[0] += delete_s
            taken[1] += insert_s
            taken[2] += batch
            if delete_s + insert_s < BATCH_S:
                batch = min(2 * batch, MAX_BATCH)
        return taken[2] / taken[0], taken[2] / taken[1], 2 * taken[2] / (taken[0] + taken[1])


def _measure(context, maker, config, num_rules, result):
    setup = measure.Setup(context, maker, config)
    name = setup.name
    try:
        setup.start()
        before = setup.window()
        table = Table(setup.switch)
        setup.switch.resume()
        fill = table.fill(num_rules)
        quiet = table.change_for(CHANGE_S)[2]
        setup.switch.pause()
        rates = []
        figures = setup.window(during=lambda: rates.extend(table.change_for(CHANGE_S)))
        result.complain(config, name, setup.finish())
    finally:
        setup.end()
    say(f"  {name}: {rates[2]:,.0f} changes/s of {num_rules:,} rules ({rates[0]:,.0f} deletions/s, "
        f"{rates[1]:,.0f} insertions/s), {quiet:,.0f} with the generator at rest; filled with "
        f"{fill:,.0f}/s")
    say(f"  {name}: meanwhile {figures['mpps']:.2f} Mpps arrived ({before['mpps']:.2f} before), "
        f"lost {figures['lost_share']:.2%}")
    result.add_run(config, name, 1, figures)
    rows = {("e", "rules_per_second"): rates[2], ("e-delete", "rules_per_second"): rates[0],
            ("e-insert", "rules_per_second"): rates[1], ("e-quiet", "rules_per_second"): quiet,
            ("e-fill", "rules_per_second"): fill, ("e", "mpps"): figures["mpps"],
            ("e-before", "mpps"): before["mpps"]}
    for (case, metric), value in rows.items():
        result.add(case, config.ring, config.size_bytes, metric, name, value)


def run(context, makers, num_rules, result):
    for maker in makers:
        try:
            _measure(context, maker, CONFIG, num_rules, result)
        except procs.BenchError as error:
            result.complain(CONFIG, maker.name, [str(error)])
