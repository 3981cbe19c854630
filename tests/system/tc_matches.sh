#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every key of tc flower that the card has: a rule with it is in hardware, counts the frame that it means and not
# the one that differs in that key; what the card cannot match is refused, with a reason.
# seconds: 1200
# soc: rv64
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frames/lib.sh"

frames_begin

# matches NAME PROTOCOL 'MATCH...' YES NO: frames as hexadecimal digits. One of each is sent.
matches() {
	local name=$1
	# shellcheck disable=SC2086
	if ! check "$name: the card takes the rule" rule pf0sf0 1 "$2" src_mac $frame_src_mac $3 -- drop; then
		return
	fi
	check "$name: in hardware" rule_in_hw pf0sf0 1
	frame_send "$5"
	sleep 0.3
	check_eq "$name: does not match another frame" 0 "$(rule_packets pf0sf0 1)"
	frame_send "$4"
	wait_for 5 counted_one
	check_eq "$name: matches" 1 "$(rule_packets pf0sf0 1)"
	tc filter del dev "$A" ingress prio 1
}
counted_one() { [ "$(rule_packets pf0sf0 1)" -ge 1 ]; }

plain=$(udp4 1000 2000)
matches "ethertype" ip "" "$plain" "$(udp6 1000 2000)"
matches "no protocol, destination MAC" all "dst_mac 02:aa:00:00:00:02" "$plain" "02aa00000003${plain:12}"
matches "MAC with a mask" all "dst_mac 02:aa:00:00:00:00/ff:ff:ff:ff:ff:f0" "$plain" "02aa00000013${plain:12}"
matches "indev" ip "indev $A" "$plain" "$(udp6 1000 2000)"

inner=${plain:28}
one=$(tagged "$(tag 8100 6005 0800 "$inner")")
one_other=$(tagged "$(tag 8100 6006 0800 "$inner")")
two=$(tagged "$(tag 88a8 0005 "$(tag 8100 8007 0800 "$inner")")")
matches "vlan_id" 802.1Q "vlan_id 5" "$one" "$one_other"
matches "vlan_prio" 802.1Q "vlan_prio 3" "$one" "$(tagged "$(tag 8100 2005 0800 "$inner")")"
matches "vlan_id alone has frames with two tags" 802.1ad "vlan_id 5" "$two" "$one"
matches "vlan_ethtype ip has not" 802.1Q "vlan_id 5 vlan_ethtype ip" "$one" \
	"$(tagged "$(tag 8100 0005 "$(tag 8100 0007 0800 "$inner")")")"
matches "protocol ip has untagged frames only" ip "" "$plain" "$one"
matches "cvlan_id" 802.1ad "vlan_id 5 vlan_ethtype 802.1Q cvlan_id 7" "$two" \
	"$(tagged "$(tag 88a8 0005 "$(tag 8100 8008 0800 "$inner")")")"
matches "cvlan_prio" 802.1ad "vlan_ethtype 802.1Q cvlan_prio 4" "$two" \
	"$(tagged "$(tag 88a8 0005 "$(tag 8100 6007 0800 "$inner")")")"
matches "cvlan_ethtype" 802.1ad "vlan_ethtype 802.1Q cvlan_ethtype ip" "$two" \
	"$(tagged "$(tag 88a8 0005 "$(tag 8100 8007 86dd "$(ipv6 17 "$(udp 6 1 2)")")")")"
matches "the type of the second tag" 802.1ad "vlan_ethtype 802.1Q" "$two" \
	"$(tagged "$(tag 88a8 0005 "$(tag 88a8 8007 0800 "$inner")")")"
matches "num_of_vlans" all "num_of_vlans 1" "$one" "$two"

labels=$(lse 100 5 0 60)$(lse 200 0 1 61)$inner
matches "mpls_label" mpls_uc "mpls_label 100" "$(eth 8847 "$labels")" "$(eth 8847 "$(lse 101 5 0 60)$(lse 200 0 1 61)$inner")"
matches "mpls_tc" mpls_uc "mpls_tc 5" "$(eth 8847 "$labels")" "$(eth 8847 "$(lse 100 4 0 60)$(lse 200 0 1 61)$inner")"
matches "mpls_bos" mpls_uc "mpls_bos 1" "$(eth 8847 "$(lse 100 5 1 60)$inner")" "$(eth 8847 "$labels")"
matches "mpls_ttl" mpls_uc "mpls_ttl 60" "$(eth 8847 "$labels")" "$(eth 8847 "$(lse 100 5 0 59)$(lse 200 0 1 61)$inner")"
matches "mpls lse depth 1" mpls_uc "mpls lse depth 1 label 100 ttl 60" "$(eth 8847 "$labels")" \
	"$(eth 8847 "$(lse 200 0 1 60)$inner")"

request=$(eth 0806 "$(arp 1 10.9.0.1 10.9.0.2 02aa00000001 000000000000)")
matches "arp_op" arp "arp_op request" "$request" "$(eth 0806 "$(arp 2 10.9.0.1 10.9.0.2 02aa00000001 000000000000)")"
matches "arp_sip" arp "arp_sip 10.9.0.0/24" "$request" "$(eth 0806 "$(arp 1 10.9.1.1 10.9.0.2 02aa00000001 000000000000)")"
matches "arp_tip" arp "arp_tip 10.9.0.2" "$request" "$(eth 0806 "$(arp 1 10.9.0.1 10.9.0.3 02aa00000001 000000000000)")"
matches "arp_sha" arp "arp_sha 02:aa:00:00:00:01" "$request" "$(eth 0806 "$(arp 1 10.9.0.1 10.9.0.2 02aa00000009 000000000000)")"
matches "arp_tha" arp "arp_tha 00:00:00:00:00:00" "$request" "$(eth 0806 "$(arp 1 10.9.0.1 10.9.0.2 02aa00000001 02aa00000002)")"

matches "src_ip" ip "src_ip 10.9.0.1" "$plain" "$(ip_src=10.9.0.3; udp4 1000 2000)"
matches "dst_ip with a mask" ip "dst_ip 10.9.0.0/24" "$plain" "$(ip_dst=10.9.1.2; udp4 1000 2000)"
matches "src_ip, IPv6" ipv6 "src_ip fd00::1" "$(udp6 1 2)" "$(ip6_src=fd000000000000000000000000000003; udp6 1 2)"
matches "dst_ip with a mask, IPv6" ipv6 "dst_ip fd00::/64" "$(udp6 1 2)" "$(ip6_dst=fd000000000000010000000000000002; udp6 1 2)"
matches "ip_proto" ip "ip_proto udp" "$plain" "$(tcp4 1000 2000 0x10)"
matches "ip_tos" ip "ip_tos 0x20/0xfc" "$(ip_tos=0x21; udp4 1 2)" "$(ip_tos=0x24; udp4 1 2)"
matches "ip_ttl" ip "ip_ttl 64" "$plain" "$(ip_ttl=63; udp4 1000 2000)"
matches "ip_tos, IPv6" ipv6 "ip_tos 0x20" "$(ip6_tc=0x20; udp6 1 2)" "$(udp6 1 2)"
matches "ip_ttl, IPv6" ipv6 "ip_ttl 64" "$(udp6 1 2)" "$(ip_ttl=63; udp6 1 2)"

matches "dst_port, UDP" ip "ip_proto udp dst_port 2000" "$plain" "$(udp4 1000 2001)"
matches "src_port, TCP" ip "ip_proto tcp src_port 1000" "$(tcp4 1000 80 0x10)" "$(tcp4 1001 80 0x10)"
matches "src_port, IPv6" ipv6 "ip_proto tcp src_port 1000" "$(tcp6 1000 80 0x10)" "$(tcp6 1001 80 0x10)"
matches "a range of ports: its ends" ip "ip_proto udp dst_port 2000-2010" "$(udp4 1000 2010)" "$(udp4 1000 2011)"
matches "a range, and a port" ip "ip_proto udp src_port 1000 dst_port 2000-2010" "$plain" "$(udp4 1001 2000)"
matches "tcp_flags" ip "ip_proto tcp tcp_flags 0x2/0x12" "$(tcp4 1 2 0x02)" "$(tcp4 1 2 0x12)"
matches "icmp type" ip "ip_proto icmp type 8" "$(icmp4 8 0)" "$(icmp4 0 0)"
matches "icmp code" ip "ip_proto icmp type 3 code 1" "$(icmp4 3 1)" "$(icmp4 3 2)"
matches "icmpv6 type" ipv6 "ip_proto icmpv6 type 128" "$(eth 86dd "$(ipv6 58 "$(icmp6 128 0)")")" \
	"$(eth 86dd "$(ipv6 58 "$(icmp6 129 0)")")"

first=$(ip_frag=0x2000; udp4 1000 2000)
later=$(ip_frag=0x0003; udp4 1000 2000)
matches "ip_flags frag" ip "ip_flags frag" "$later" "$plain"
matches "ip_flags firstfrag" ip "ip_flags frag/firstfrag" "$first" "$later"
matches "ip_flags nofirstfrag" ip "ip_flags frag/nofirstfrag" "$later" "$first"
matches "ports are not those of a first fragment" ip "ip_proto udp dst_port 2000" "$plain" "$first"

# refused WHAT PROTOCOL 'MATCH...': and the reason speaks of WHAT.
refused() {
	local out
	# shellcheck disable=SC2086
	! out=$(rule pf0sf0 5 "$2" $3 -- drop 2>&1) && grep -q "xvio: .*$1" <<<"$out" && note "$out"
}
check "refused: tunnel keys" refused "tunnel" ip "enc_key_id 7"
check "refused: the second mpls entry" refused "depth" mpls_uc "mpls lse depth 2 label 5"
check "refused: another indev" refused "indev" ip "indev $(rep pf0sf1)"
check "refused: ports of fragments" refused "fragments" ip "ip_flags frag ip_proto udp dst_port 5"
check "refused: two tags and nothing behind them" refused "cvlan_ethtype" all "num_of_vlans 2"
peers_clear
check "the kernel has nothing to complain about" kernel_clean
