# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""The rule sets of the cases, written once and rendered for both switches: tc-flower-like words for
xvio-vhost, OpenFlow for OVS. A lower prio goes first, as in tc.
"""

from dataclasses import dataclass, field

FLOW_BASE = 0x0AFD0000  # 10.253.0.0, where testpmd's flowgen begins to count destinations
FLOW_SOURCE = 0x0AFE0000  # 10.254.0.0, its one source
FLOW_PORTS = (1000, 1001)  # its UDP ports
ALLOW_BLOCKS = 64  # prefixes that the flows of case b and c are spread over
HANDLE_BASE = 1 << 32  # beyond what a switch gives by itself
OF_TOP = 40000  # OpenFlow priority of prio 0


@dataclass
class Rule:
    in_port: int
    prio: int
    match: dict = field(default_factory=dict)  # ip_proto, src_ip, dst_ip, src_port, dst_port
    out_port: int = None  # None: drop
    eth_dst: str = None
    handle: int = 0  # for the rules that are deleted one by one

    def to_words(self):
        """One line of xvio-vhost's configuration."""
        words = [f"filter add dev p{self.in_port} prio {self.prio}"]
        if self.handle:
            words.append(f"handle {self.handle}")
        words.append("protocol ip flower" if self.match else "protocol all flower")
        words += [f"{key} {value}" for key, value in self.match.items()]
        if self.out_port is None:
            words.append("action drop")
            return " ".join(words)
        if self.eth_dst:
            words.append(f"action pedit ex munge eth dst set {self.eth_dst} pipe")
        words.append(f"action mirred egress redirect dev p{self.out_port}")
        return " ".join(words)

    def to_delete_words(self):
        return f"filter del dev p{self.in_port} prio {self.prio} handle {self.handle}"

    def to_openflow(self, add=True):
        """One line for ovs-ofctl add-flows; OpenFlow port numbers are ours plus one."""
        words = [f"priority={OF_TOP - self.prio}", f"in_port={self.in_port + 1}"]
        proto = self.match.get("ip_proto")
        if self.match:
            words.append(proto or "ip")
        names = {"src_ip": "nw_src", "dst_ip": "nw_dst", "src_port": "tp_src", "dst_port": "tp_dst"}
        words += [f"{names[key]}={value}" for key, value in self.match.items() if key in names]
        if not add:
            return "delete_strict " + ",".join(words)
        if self.out_port is None:
            return ",".join(words) + ",actions=drop"
        actions = f"output:{self.out_port + 1}"
        if self.eth_dst:
            actions = f"mod_dl_dst:{self.eth_dst},{actions}"
        return ",".join(words) + f",actions={actions}"


def ip_text(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def partner(port):
    """Ports are joined in pairs: 0 and 1, 2 and 3, ..."""
    return port ^ 1


def block_bits(num_flows):
    """How many low bits of the destination one of the ALLOW_BLOCKS prefixes leaves open."""
    return max((num_flows + ALLOW_BLOCKS - 1) // ALLOW_BLOCKS - 1, 1).bit_length()


def block_mac(port, block):
    return f"02:aa:00:00:{port:02x}:{block:02x}"


def forward_all(num_ports):
    """Case a: everything that enters by a port leaves by its partner."""
    return [Rule(port, 100, {}, partner(port)) for port in range(num_ports)]


def acl(port, num_flows, num_rules=200):
    """
    Case b: an access list on one port. Half of it denies what the traffic is not, in four shapes, and
    goes first; the other half allows: ALLOW_BLOCKS prefixes that the flows fall into, each with a
    MAC address of its own, and other services' prefixes.
    """
    rules = []
    num_deny = num_rules // 2
    for i in range(num_deny):
        j = i // 4
        match = ({"ip_proto": "tcp", "dst_port": 20 + j},
                 {"ip_proto": "udp", "dst_port": 2000 + j},
                 {"src_ip": f"172.16.{j}.0/24"},
                 {"ip_proto": "tcp", "dst_ip": f"192.168.{j}.0/24"})[i % 4]
        rules.append(Rule(port, 10 + i, match))
    bits = block_bits(num_flows)
    for i in range(num_rules - num_deny):
        if i < ALLOW_BLOCKS:
            prefix = f"{ip_text(FLOW_BASE + (i << bits))}/{32 - bits}"
            rules.append(Rule(port, 1000 + i, {"dst_ip": prefix}, partner(port), block_mac(port, i)))
        else:
            prefix = f"10.{1 + i // 256}.{i % 256}.0/24"
            match = {"ip_proto": "udp", "dst_ip": prefix, "dst_port": 53}
            rules.append(Rule(port, 1000 + i, match, partner(port), block_mac(port, 255)))
    return rules


def acl_all(num_ports, num_flows, num_rules=200):
    return [rule for port in range(num_ports) for rule in acl(port, num_flows, num_rules)]


def expected_mac(in_port, dst_ip, num_flows):
    """What case b's rules write over the destination of a packet; None: nothing lets it through."""
    block = (dst_ip - FLOW_BASE) >> block_bits(num_flows)
    return block_mac(in_port, block) if 0 <= block < ALLOW_BLOCKS else None


def many_hosts(num_rules, first=0):
    """Case e: one exact destination each, on port 0, behind what the traffic of case a matches."""
    return [Rule(0, 5000, {"dst_ip": ip_text(0x64000000 + i)}, 1, handle=HANDLE_BASE + i)
            for i in range(first, first + num_rules)]
