#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of a guest's QEMU under traffic: the card, the driver and the other guest go on, and a
# new guest works on the same device.
# soc: native
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a b
world_up 0
rules_clear
check "rules between a and b" forward_both pf0sf0 pf0sf1
check "a reaches b" guest_ping a 10.0.0.2
for round in 1 2 3; do
	guest_run a '(timeout 20 ping -f -s 1000 10.0.0.2 >/dev/null 2>&1 &) ;
		(timeout 20 ping -f -s 100 10.0.0.2 >/dev/null 2>&1 &) ; sleep 1' >/dev/null
	sent=$(counter "$(rep pf0sf1)" card_tx_packets)
	sleep 1
	check_ge "round $round: packets to b in a second" 10 \
		$(($(counter "$(rep pf0sf1)" card_tx_packets) - sent))
	check "round $round: kill -9 of guest b" guest_kill b
	sleep 1
	check "round $round: the card still answers" card_running
	check "round $round: guest a still answers" guest_run a true
	guests_up b
	check "round $round: the new guest b reaches a" guest_ping b 10.0.0.1
done
guest_kill a
check "the device of a killed guest can be deleted" vdpa_del v0
guests_up a
# what led to the old device went with it; another prio, as tc still lists that rule
check "rules for its successor" forward_both pf0sf0 pf0sf1 101
check "a new guest on a new device reaches b" guest_ping a 10.0.0.2
check "the kernel has nothing to complain about" kernel_clean
