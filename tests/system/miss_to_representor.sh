#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A packet that no rule takes comes to the representor of the port it entered by, whole; what
# software sends into a representor leaves by its port: a software switch can stand in.
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a b
world_up 0
rules_clear
A=$(rep pf0sf0) B=$(rep pf0sf1) P=$(rep p0)

# what NETDEV FILTER: the first frame tcpdump sees there within five seconds.
watch_frame() { timeout 8 tcpdump -Z root -n -e -c 1 -i "$1" "$2" >"$state/frame" 2>/dev/null & }
watch_frame "$A" "arp"
sleep 1
before_b=$(host_packets "$B")
guest_ping a 10.0.0.50 2 >/dev/null
wait
check "the first packet of guest a is seen on its representor" grep -q "$(guest_mac a).*10.0.0.50" "$state/frame"
note "$(cat "$state/frame")"
check_eq "the other representor saw nothing" 0 $(($(host_packets "$B") - before_b))
check_ge "the card counts misses" 1 "$(counter "$A" card_repr_tx_packets)"

ip addr add 10.0.0.200/24 dev "$A"
check "the server answers guest a through the representor" guest_ping a 10.0.0.200
check "with full frames" guest_run a "ping -c 2 -i 0.2 -W 2 -s 1472 10.0.0.200"
ip addr del 10.0.0.200/24 dev "$A"

watch_frame "$P" "arp"
sleep 1
world_run 0 ping -c 2 -i 0.2 -W 1 10.0.0.60 >/dev/null
wait
check "a packet from the world is seen on the uplink's representor" grep -q "10.0.0.60" "$state/frame"

# A switch in software: the kernel's bridge over the two representors.
ip link add br0 type bridge
ip link set "$A" master br0
ip link set "$B" master br0
ip link set br0 up
check "the kernel's bridge over the representors joins a and b" wait_for 10 guest_ping a 10.0.0.2 2
software=$(host_packets "$A")
check "then rules take over" forward_both pf0sf0 pf0sf1
guest_ping a 10.0.0.2 2 >/dev/null
software=$(host_packets "$A")
check "a reaches b" guest_ping a 10.0.0.2 5
check_eq "and the bridge sees no more" 0 $(($(host_packets "$A") - software))
ip link del br0
check "the kernel has nothing to complain about" kernel_clean
