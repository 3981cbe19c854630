#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every action of tc that the card has does to a frame what tc says, byte by byte, checksums included; what
# the card cannot do is refused, with a reason.
# seconds: 1200
# soc: rv64
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frames/lib.sh"

frames_begin
to_b="mirred egress redirect dev $B"

# becomes NAME PROTOCOL 'MATCH...' 'ACTIONS...' SENT WANT: and leaves for the other NIC.
becomes() {
	local got name=$1
	# shellcheck disable=SC2086
	if check "$name: the card takes the rule" rule pf0sf0 1 "$2" src_mac $frame_src_mac $3 -- $4 pipe action $to_b; then
		check "$name: in hardware" rule_in_hw pf0sf0 1
		got=$(frame_pass "$5")
		check_eq "$name" "$6" "${got:0:${#6}}"
	fi
	tc filter del dev "$A" ingress prio 1 2>/dev/null
}

plain=$(udp4 1000 2000)
inner=${plain:28}
one=$(tagged "$(tag 8100 6005 0800 "$inner")")
becomes "vlan push" ip "" "vlan push id 5 priority 3" "$plain" "$one"
becomes "vlan push 802.1ad" ip "" "vlan push id 7 protocol 802.1ad" "$plain" "$(tagged "$(tag 88a8 0007 0800 "$inner")")"
becomes "vlan pop" 802.1Q "vlan_id 5" "vlan pop" "$one" "$plain"
becomes "vlan modify" 802.1Q "vlan_id 5" "vlan modify id 9 priority 1" "$one" "$(tagged "$(tag 8100 2009 0800 "$inner")")"
becomes "vlan modify leaves the priority" 802.1Q "vlan_id 5" "vlan modify id 9" "$one" "$(tagged "$(tag 8100 6009 0800 "$inner")")"

labels=$(eth 8847 "$(lse 100 0 1 60)$inner")
becomes "mpls push" ip "" "mpls push label 100 ttl 60" "$plain" "$labels"
becomes "mpls push on another entry" mpls_uc "" "mpls push label 7 tc 3 ttl 9" "$labels" \
	"$(eth 8847 "$(lse 7 3 0 9)$(lse 100 0 1 60)$inner")"
becomes "mpls pop" mpls_uc "mpls_label 100" "mpls pop protocol ip" "$labels" "$plain"
becomes "mpls modify" mpls_uc "" "mpls modify label 101 tc 2" "$labels" "$(eth 8847 "$(lse 101 2 1 60)$inner")"
becomes "mpls pop, then pedit of what was behind it" mpls_uc "" \
	"mpls pop protocol ip pipe action pedit ex munge ip ttl set 9" "$labels" "$(ip_ttl=9; udp4 1000 2000)"

becomes "pedit eth dst" ip "" "pedit ex munge eth dst set 02:aa:00:00:00:77" "$plain" "02aa00000077${plain:12}"
becomes "pedit eth src" ip "" "pedit ex munge eth src set 02:aa:00:00:00:99" "$plain" "${plain:0:12}02aa00000099${plain:24}"
becomes "pedit ip ttl set" ip "ip_proto udp" "pedit ex munge ip ttl set 9" "$plain" "$(ip_ttl=9; udp4 1000 2000)"
becomes "pedit ip ttl add" ip "ip_proto udp" "pedit ex munge ip ttl add 255" "$plain" "$(ip_ttl=63; udp4 1000 2000)"
becomes "pedit ip tos" ip "" "pedit ex munge ip tos set 0x20" "$plain" "$(ip_tos=0x20; udp4 1000 2000)"
becomes "pedit ip src and dst" ip "ip_proto udp" \
	"pedit ex munge ip src set 10.8.0.1 munge ip dst set 10.8.0.2" "$plain" "$(ip_src=10.8.0.1 ip_dst=10.8.0.2; udp4 1000 2000)"
becomes "pedit and csum" ip "ip_proto tcp" "pedit ex munge ip dst set 10.8.0.2 pipe action csum ip4h tcp" \
	"$(tcp4 1 2 0x10)" "$(ip_dst=10.8.0.2; tcp4 1 2 0x10)"
becomes "pedit udp ports" ip "ip_proto udp" "pedit ex munge udp sport set 1001 munge udp dport set 2001" "$plain" "$(udp4 1001 2001)"
becomes "pedit tcp ports" ip "ip_proto tcp" "pedit ex munge tcp dport set 81" "$(tcp4 1 80 0x10)" "$(tcp4 1 81 0x10)"
becomes "pedit ip6 dst" ipv6 "ip_proto udp" "pedit ex munge ip6 dst set fd00::5" "$(udp6 1 2)" \
	"$(ip6_dst=fd000000000000000000000000000005; udp6 1 2)"
becomes "pedit ip6 hoplimit" ipv6 "" "pedit ex munge ip6 hoplimit set 5" "$(udp6 1 2)" "$(ip_ttl=5; udp6 1 2)"
becomes "pedit ip6 traffic_class" ipv6 "" "pedit ex munge ip6 traffic_class set 0x20" "$(udp6 1 2)" "$(ip6_tc=0x20; udp6 1 2)"
becomes "csum alone mends a header" ip "" "csum ip4h" "${plain:0:48}0000${plain:52}" "$plain"
becomes "several, in their order" 802.1Q "vlan_id 5 vlan_ethtype ip ip_proto udp" \
	"vlan pop pipe action pedit ex munge ip ttl add 255 pipe action vlan push id 11" "$one" \
	"$(tagged "$(tag 8100 000b 0800 "$(ip_ttl=63; f=$(udp4 1000 2000); echo "${f:28}")")")"

# What stays on the server: here rules end at the representor.
# shellcheck disable=SC2086
stays() { rule pf0sf0 1 ip src_mac $frame_src_mac -- "$@"; }
check "pass" stays pass
check_eq "the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
tc filter del dev "$A" ingress prio 1
trapped() { devlink -s trap show "$(card_handle)" trap flow_action_trap | grep -oE 'packets [0-9]+' | awk '{ n = $2 } END { print n + 0 }'; }
before=$(trapped)
check "trap" stays trap
check_eq "the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
check_eq "devlink counts it as trapped" 1 $(($(trapped) - before))
tc filter del dev "$A" ingress prio 1
check "mirror, then pass" stays mirred egress mirror dev "$B"
check_eq "the copy leaves" "$plain" "$(frame_pass "$plain")"
check_eq "the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
tc filter del dev "$A" ingress prio 1

# A rule that is in software as well, which gets what the card lets pass: a packet is one packet.
total() { tc -s filter show dev "$A" ingress prio 1 | awk '$1 == "Sent" && $3 == "bytes" { n = $4 } END { print n + 0 }'; }
check "pass, in software as well" tc filter add dev "$A" ingress protocol ip prio 1 flower src_mac $frame_src_mac action pass
check "in hardware" rule_in_hw pf0sf0 1
check_eq "the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
check_eq "one packet is counted" 1 "$(total)"
tc filter del dev "$A" ingress prio 1

# matchall is a rule without a key.
all_that() { tc filter add dev "$A" ingress prio "${prio:-1}" protocol "$1" matchall skip_sw action "${@:2}"; }
check "matchall: the card takes the rule" all_that all $to_b
check "matchall: in hardware" rule_in_hw pf0sf0 1
check_eq "matchall: a frame of any kind" "$one" "$(frame_pass "$one")"
check_eq "matchall: the card counts it" 1 "$(rule_packets pf0sf0 1)"
tc filter del dev "$A" ingress prio 1
check "matchall of a protocol" all_that ip $to_b
frame_send "$one"
check_eq "matchall of a protocol: a frame of it" "$plain" "$(frame_pass "$plain")"
check_eq "matchall of a protocol: and no other" 1 "$(rule_packets pf0sf0 1)"
tc filter del dev "$A" ingress prio 1
check "matchall, mirror and pass" all_that all mirred egress mirror dev "$B"
check_eq "matchall: the copy leaves" "$plain" "$(frame_pass "$plain")"
check_eq "matchall: the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
tc filter del dev "$A" ingress prio 1
check "matchall, police" all_that all police pkts_rate 1 pkts_burst 1 conform-exceed drop/pipe action $to_b
before=$(counter "$A" drop_policed)
for _ in 1 2 3 4; do frame_send "$plain"; done
check_ge "matchall: the card counts what is lost" 1 $(($(counter "$A" drop_policed) - before))
tc filter del dev "$A" ingress prio 1

# The mark is seen by a filter of the server's on the representor.
marked() { tc -s filter show dev "$A" ingress prio 50 | awk '$1 == "Sent" && $3 == "bytes" { n = $4 } END { print n + 0 }'; }
check "skbedit mark and priority" stays skbedit mark 77 pipe action skbedit priority 5
check "a filter of software on the mark" tc filter add dev "$A" ingress protocol all prio 50 handle 77 fw action pass
check_eq "the frame comes to the representor" "$plain" "$(frame_pass "$plain" "$A")"
check_eq "with its mark" 1 "$(marked)"
tc filter del dev "$A" ingress prio 50
tc filter del dev "$A" ingress prio 1

check "sample" stays sample rate 1 group 5 trunc 60 pipe action $to_b
sampled() { devlink -s trap show "$(card_handle)" trap flow_action_sample | grep -oE 'packets [0-9]+' | awk '{ n = $2 } END { print n + 0 }'; }
before=$(sampled)
check_eq "the frame goes its way" "$plain" "$(frame_pass "$plain")"
check_eq "devlink counts the sample" 1 $(($(sampled) - before))
refused_rate() { ! rule pf0sf0 2 ip src_mac $frame_src_mac -- sample rate 2 group 5 pipe action $to_b 2>"$state/why" && grep -q 'group 5' "$state/why"; }
check "another rate for the same group is refused" refused_rate
tc filter del dev "$A" ingress prio 1

# A bucket of two packets that is hardly filled again.
check "police by packets" stays police pkts_rate 1 pkts_burst 2 conform-exceed drop/pipe action $to_b
for _ in 1 2 3 4 5 6 7 8; do frame_send "$plain"; done
check_ge "the card counts what it lost" 1 "$(counter "$A" drop_policed)"
check_eq "and what met the rule" 8 "$(chain_packets pf0sf0 0 1)"
tc filter del dev "$A" ingress prio 1
check "police by length" stays police mtu 80 conform-exceed drop/pipe action $to_b
before=$(counter "$A" drop_policed)
frame_send "$(data=$data$data; udp4 1000 2000)"
check_eq "a long frame is lost" 1 $(($(counter "$A" drop_policed) - before))
check_eq "a short one passes" "$plain" "$(frame_pass "$plain")"
tc filter del dev "$A" ingress prio 1

# One bucket for two rules, by its index; it follows tc actions replace. Neither action nor rules are skip_sw: the
# kernel wants them alike.
with_bucket() {
	tc filter add dev "$A" ingress protocol "$2" prio "$1" flower src_mac $frame_src_mac action police index 9 pipe action $to_b &&
		rule_in_hw pf0sf0 "$1"
}
tc actions flush action police >/dev/null 2>&1
check "a police action of its own" tc actions add action police rate 8mbit burst 10k conform-exceed drop/pipe index 9
check "a rule with it" with_bucket 1 ip
check "another one" with_bucket 2 ipv6
tc actions replace action police rate 16mbit burst 20k conform-exceed drop/pipe index 9 >/dev/null 2>&1
check "it is changed, and the rules stay" rule_in_hw pf0sf0 1
check_eq "a frame passes" "$plain" "$(frame_pass "$plain")"
tc filter del dev "$A" ingress prio 1
tc filter del dev "$A" ingress prio 2
tc actions flush action police >/dev/null 2>&1

# A matchall polices all that comes in by a port, before its rules, which go on as they were.
check "a rule before there is a matchall" rule pf0sf0 2 ip src_mac $frame_src_mac -- $to_b
check_eq "a frame passes" "$plain" "$(frame_pass "$plain")"
check "a matchall that polices" all_that all police pkts_rate 1 pkts_burst 3 conform-exceed drop/continue
check_eq "a frame passes" "$plain" "$(frame_pass "$plain")"
check_eq "its rule counts on" 2 "$(chain_packets pf0sf0 0 2)"
before=$(counter "$A" drop_policed)
for _ in 1 2 3 4 5 6 7 8; do frame_send "$plain"; done
check_ge "what is too much is lost" 1 $(($(counter "$A" drop_policed) - before))
check_ge "the matchall counts it all" 9 "$(rule_packets pf0sf0 1)"
check_eq "the rule only what passed" $((10 - ($(counter "$A" drop_policed) - before))) "$(chain_packets pf0sf0 0 2)"
tc filter del dev "$A" ingress prio 1
check "a rule that comes under a matchall" all_that all police pkts_rate 1000 pkts_burst 1000 conform-exceed drop/continue
check "takes its place" rule pf0sf0 3 ipv6 src_mac $frame_src_mac -- $to_b
check_eq "a frame passes" "$(udp6 1 2)" "$(frame_pass "$(udp6 1 2)")"
tc filter del dev "$A" ingress prio 1
check_eq "and so it does without" "$(udp6 1 2)" "$(frame_pass "$(udp6 1 2)")"
not_matchall() { local said what=$1; shift; ! said=$(all_that all "$@" 2>&1) && grep -q "xvio: .*$what" <<<"$said"; }
prio=9 check "refused: a matchall that continues behind rules" not_matchall "prio 1" police rate 1mbit burst 10k conform-exceed drop/continue
tc filter del dev "$A" ingress prio 2
tc filter del dev "$A" ingress prio 3

# refused WHAT ACTIONS...: and the reason speaks of WHAT.
refused() {
	local said what=$1
	shift
	! said=$(rule pf0sf0 5 ip src_mac $frame_src_mac -- "$@" 2>&1) && grep -q "xvio: .*$what" <<<"$said" && note "$said"
}
check "refused: redirect to ingress" refused "ingress redirect" mirred ingress redirect dev "$B"
refused_all() { ! all_that all mirred ingress redirect dev "$B" 2>"$state/why" && grep -q 'xvio: .*ingress redirect' "$state/why"; }
check "refused, by matchall: redirect to ingress" refused_all
check "refused: pedit of tcp in a rule for all of ip" refused "does not match tcp" pedit ex munge tcp dport set 5
check "refused: pedit of the protocol" refused "offset 8" pedit ex munge ip protocol set 6
check "refused: csum sctp" refused "sctp" csum sctp
check "refused: skbedit ptype" refused "ptype" skbedit ptype host
not_to_host() { ! tc filter add dev "$A" ingress prio 6 protocol ip flower action vlan push id 5 || ! rule_in_hw pf0sf0 6; }
check "what software would do once more is not in hardware without skip_sw" not_to_host
tc qdisc del dev "$A" ingress
tc qdisc add dev "$A" clsact
refused_egress() {
	! tc filter add dev "$A" egress protocol ip flower skip_sw action drop 2>"$state/why" && grep -q 'xvio: .* sends' "$state/why"
}
check "refused: rules for what the server sends" refused_egress
tc qdisc del dev "$A" clsact
peers_clear
check "the kernel has nothing to complain about" kernel_clean
