# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""What is measured: the cases of docs/performance.md, one configuration a line, and their goals."""

from dataclasses import dataclass, replace

import generator
import rules

RINGS = ("packed", "split")
ZIPF_PACKETS = 1 << 19  # a port; the sources repeat after that many


@dataclass(frozen=True)
class Config:
    case: str  # the letter, and -WORD for a second configuration of a case
    ring: str
    size_bytes: int = 64  # with the FCS, as everybody counts; 4 bytes less are in the ring
    num_ports: int = 2
    flows: int = 1  # a port: a flow is an entering port and a header
    pattern: str = "flowgen"
    num_rules: int = 0  # a port; 0: everything to the partner
    zipf_packets: int = ZIPF_PACKETS
    ports_each: int = 0  # ports a generator process takes at most; 0: as many as it can

    def rules(self):
        if self.num_rules:
            return rules.acl_all(self.num_ports, self.flows, self.num_rules)
        return rules.forward_all(self.num_ports)

    def rewrite(self, in_port, dst_ip):
        """The MAC address that these rules give a packet; None: it keeps its own."""
        return rules.expected_mac(in_port, dst_ip, self.flows) if self.num_rules else None

    def title(self):
        return f"{self.case} {self.ring} {self.size_bytes} B"

    def memory_mb(self):
        """What the generators of this configuration take, measuring or checking."""
        each = self.ports_each or generator.MAX_PORTS
        processes = (self.num_ports + each - 1) // each
        vdevs = min(2 * min(each, self.num_ports), generator.MAX_PORTS)
        frames = self.zipf_packets * self.num_ports if self.pattern == "zipf" else 0
        return processes * generator.memory(vdevs, frames)[1]


def forwarding(ring):
    """Cases a to d."""
    case_a = Config("a", ring)
    case_b = Config("b", ring, flows=4096, num_rules=200)
    return [
        case_a,
        case_b,
        replace(case_b, case="b-zipf", pattern="zipf"),
        replace(case_b, case="c", flows=500000),
        replace(case_b, case="c-zipf", flows=500000, pattern="zipf"),
        replace(case_a, case="d", size_bytes=1518),
        replace(case_a, case="d-64", num_ports=64),
    ]


@dataclass(frozen=True)
class Goal:
    """A line of the final table: a figure that must not be above (or below) its limit."""
    case: str
    metric: str
    limit: float
    of: str = ""  # "peer"; a case: ours there; "": the figure itself
    at_least: bool = False
    size_bytes: int = 64
    steer_for: float = None

    def text(self):
        of = {"peer": " x the peer", "": ""}.get(self.of, f" x our {self.of}")
        return f"{'>=' if self.at_least else '<='} {self.limit:,g}{of}" + \
            (f" (limit {self.steer_for:g})" if self.steer_for else "")


CYCLES = "cycles_per_packet"
GOALS = [
    Goal("a", CYCLES, 0.25, "peer", steer_for=71),
    Goal("b", CYCLES, 0.20, "peer", steer_for=85),
    Goal("c", CYCLES, 1.25, "b"),
    Goal("c", CYCLES, 0.33, "peer"),
    Goal("c-zipf", CYCLES, 1.25, "b"),
    Goal("c-zipf", CYCLES, 0.33, "peer"),
    Goal("d", CYCLES, 1.0, "peer", size_bytes=1518),
    Goal("d-64", CYCLES, 1.2, "a"),
    Goal("e", "rules_per_second", 1e6, at_least=True),  # by the clock, traffic flowing
    Goal("e", "rules_per_cpu_second", 1e6, at_least=True),  # the same by processor time
    Goal("f", "scaling", 1.9, at_least=True),
    Goal("g", "instructions_per_packet", 350),
    Goal("h", CYCLES, 60),
]
