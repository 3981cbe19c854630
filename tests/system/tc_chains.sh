#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Chains: goto chain takes a packet, as it is by then, to the rules of another chain; what matches none of
# them comes to the representor; a way without end is cut off; a restart of the firmware brings all back.
# seconds: 600
# soc: rv64
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frames/lib.sh"

frames_begin
plain=$(udp4 1000 2000)
other=$(udp4 1000 2001)

check "chain 0 sends to chain 1" chain_rule pf0sf0 0 1 ip src_mac $frame_src_mac -- goto chain 1
check "chain 1 forwards one port" chain_rule pf0sf0 1 1 ip ip_proto udp dst_port 2000 -- mirred egress redirect dev "$B"
check_eq "a frame goes through both" "$plain" "$(frame_pass "$plain")"
check_eq "both have counted it: chain 0" 1 "$(chain_packets pf0sf0 0 1)"
check_eq "and chain 1" 1 "$(chain_packets pf0sf0 1 1)"
check_eq "what chain 1 does not know comes to the representor" "$other" "$(frame_pass "$other" "$A")"
check_eq "chain 0 has counted it" 2 "$(chain_packets pf0sf0 0 1)"
check_eq "chain 1 has not" 1 "$(chain_packets pf0sf0 1 1)"

tc filter del dev "$A" ingress chain 1 2>/dev/null
check "chain 1 anew: lowest prio first" chain_rule pf0sf0 1 20 ip ip_proto udp -- drop
check "with a better one" chain_rule pf0sf0 1 10 ip ip_proto udp dst_port 2000 -- mirred egress redirect dev "$B"
check_eq "the better one wins" "$plain" "$(frame_pass "$plain")"
frame_send "$other"
check_eq "the other drops the rest" 1 "$(chain_packets pf0sf0 1 20)"

# The packet is looked up as it is by then.
rules_clear
tagged5=$(tagged "$(tag 8100 0005 0800 "${plain:28}")")
check "chain 0 takes a tag off and goes on" chain_rule pf0sf0 0 1 802.1Q src_mac $frame_src_mac vlan_id 5 -- vlan pop pipe action goto chain 2
check "chain 2 sees the frame without" chain_rule pf0sf0 2 1 ip ip_proto udp -- \
	pedit ex munge ip dst set 10.8.0.2 pipe action goto chain 3
check "chain 3 sees the new address" chain_rule pf0sf0 3 1 ip dst_ip 10.8.0.2 -- mirred egress redirect dev "$B"
check_eq "through three chains" "$(ip_dst=10.8.0.2; udp4 1000 2000)" "$(frame_pass "$tagged5")"

# More than once round.
rules_clear
check "chain 0 leads to chain 1" chain_rule pf0sf0 0 1 ip src_mac $frame_src_mac -- goto chain 1
check "chain 1 leads to itself" chain_rule pf0sf0 1 1 ip src_mac $frame_src_mac -- goto chain 1
before=$(counter "$A" drop_depth)
frame_send "$plain"
check_eq "the frame is lost, and counted" 1 $(($(counter "$A" drop_depth) - before))

refused() {
	local said what=$1
	shift
	! said=$("$@" 2>&1) && grep -q "xvio: .*$what" <<<"$said" && note "$said"
}
check "refused: a jump over a change before goto" refused "jump over a change" \
	chain_rule pf0sf0 0 5 ip src_mac $frame_src_mac -- police rate 1mbit burst 10k conform-exceed jump 2 / pipe \
	action vlan push id 5 pipe action goto chain 1

# A restart.
rules_clear
check "chain 0 polices and sends to chain 1" chain_rule pf0sf0 0 1 ip src_mac $frame_src_mac -- \
	police rate 100mbit burst 100k conform-exceed drop/pipe action goto chain 1
check "chain 1 forwards" chain_rule pf0sf0 1 1 ip ip_proto udp -- mirred egress redirect dev "$B"
check_eq "a frame passes" "$plain" "$(frame_pass "$plain")"
check "the firmware is crashed" devlink health test "$(card_handle)" reporter fw
frame_passes_again() { [ "$(frame_pass "$plain")" = "$plain" ]; }
check "and restarted, with meter and chains" wait_for 60 frame_passes_again
peers_clear
check "the kernel has nothing to complain about" kernel_clean
