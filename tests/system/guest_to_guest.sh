#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests on vhost-vdpa talk through the card: every size of ping, TCP whose bytes arrive as
# sent, both ways at once; the server's CPUs see none of it.
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a b
rules_clear
check_not "without rules a does not reach b" guest_ping a 10.0.0.2 1
check "rules between a and b" forward_both pf0sf0 pf0sf1
A=$(rep pf0sf0) B=$(rep pf0sf1)
check "a reaches b" guest_ping a 10.0.0.2
check "b reaches a" guest_ping b 10.0.0.1
before=$(($(host_packets "$A") + $(host_packets "$B")))
for size in 0 1 18 19 64 1000 1472 4000; do
	check "a reaches b with $size bytes in a ping" \
		guest_run a "ping -c 2 -i 0.2 -W 2 -s $size 10.0.0.2"
done

check "4 MiB over TCP arrive as they were sent" transfer a b 4

guest_run b "pgrep iperf3 || iperf3 -s -D" >/dev/null
check_ge "iperf3 a to b, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 3')"
check_ge "iperf3 b to a, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 3 -R')"
check_ge "iperf3 UDP at 2 Mbit/s, kbit/s" 1500 "$(guest_iperf a '-u -b 2M -c 10.0.0.2 -t 3')"
check_eq "packets that came to the representors meanwhile" 0 \
	$(($(host_packets "$A") + $(host_packets "$B") - before))
check_ge "packets the rule counted on the card" 100 "$(rule_packets pf0sf0 100)"
check "the kernel has nothing to complain about" kernel_clean
