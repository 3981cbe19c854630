#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules decide in the card: a higher priority drops one TCP port, one source, one VLAN; the card
# counts; deleting the rule opens the way again; what the card cannot do, tc refuses with a reason.
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a b
rules_clear
forward_both pf0sf0 pf0sf1 || die "the rules between a and b"
A=$(rep pf0sf0)
guest_run b 'pkill nc; for p in 5001 5002; do (while :; do echo reply | nc -l -p $p -q 1; done >/dev/null 2>&1 &) ; done' >/dev/null
tcp() { guest_run a "sleep 2 | timeout 4 nc -w 3 10.0.0.2 $1" | grep -q reply; }

check "TCP port 5001 answers at first" tcp 5001
check "a rule that drops it" rule pf0sf0 1 ip ip_proto tcp dst_port 5001 -- drop
check "the rule is in hardware" rule_in_hw pf0sf0 1
check_not "TCP port 5001 answers no longer" tcp 5001
check_ge "packets the rule has dropped on the card" 1 "$(rule_packets pf0sf0 1)"
check "TCP port 5002 still answers" tcp 5002
check "ping still passes" guest_ping a 10.0.0.2
check "the rule goes" tc filter del dev "$A" ingress prio 1
check "TCP port 5001 answers again" tcp 5001

check "a rule on a source prefix" rule pf0sf0 2 ip src_ip 10.0.0.0/30 ip_proto icmp -- drop
check_not "ping from it is dropped" guest_ping a 10.0.0.2 2
check_ge "counted" 2 "$(rule_packets pf0sf0 2)"
check "a more important rule lets one through" rule pf0sf0 1 ip dst_ip 10.0.0.2 ip_proto icmp -- \
	mirred egress redirect dev "$(rep pf0sf1)"
check "ping passes" guest_ping a 10.0.0.2
tc filter del dev "$A" ingress prio 1
tc filter del dev "$A" ingress prio 2

refused() {
	local out
	! out=$("$@" 2>&1) && grep -qi 'xvio\|not supported\|unsupported\|cannot' <<<"$out" && note "$out"
}
check "a key the card does not know is refused, with a reason" \
	refused rule pf0sf0 5 ip enc_key_id 7 -- drop
check "an action the card does not know is refused, with a reason" \
	refused rule pf0sf0 5 ip ip_proto tcp -- skbedit ptype host
check "ping still passes" guest_ping a 10.0.0.2
check "the kernel has nothing to complain about" kernel_clean
