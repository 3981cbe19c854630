#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest reaches the world beyond an uplink and the world reaches the guest; each uplink is its
# own wire.
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a
check "the worlds are there" eval "world_up 0 && world_up 1"
rules_clear
check_not "without rules the world is out of reach" guest_ping a 10.0.0.100 1
check "rules between a and uplink 0" forward_both pf0sf0 p0
A=$(rep pf0sf0) P=$(rep p0)
check "a reaches the world beyond uplink 0" guest_ping a 10.0.0.100
check "the world reaches a" world_run 0 ping -c 3 -i 0.2 -W 2 10.0.0.1
before=$(($(host_packets "$A") + $(host_packets "$P")))
check "full frames pass" guest_run a "ping -c 3 -i 0.2 -W 2 -s 1472 10.0.0.100"
check_not "uplink 1 is another wire" guest_ping a 10.0.0.101 1

guest_run a 'rm -f /tmp/got; (nc -l -p 5000 >/tmp/got </dev/null 2>/dev/null &)' >/dev/null
head -c 2M /dev/urandom >/tmp/sent
world_run 0 timeout 30 nc -N 10.0.0.1 5000 </tmp/sent >/dev/null
check_eq "2 MiB over TCP from the world arrive as they were sent" \
	"$(md5sum </tmp/sent)" "$(guest_run a 'sleep 0.5; md5sum </tmp/got')"
check_eq "packets that came to the representors meanwhile" 0 \
	$(($(host_packets "$A") + $(host_packets "$P") - before))

rules_clear
check "rules between a and uplink 1" forward_both pf0sf0 p1
check "a reaches the world beyond uplink 1" guest_ping a 10.0.0.101
check_not "and no longer the one beyond uplink 0" guest_ping a 10.0.0.100 1
check "the kernel has nothing to complain about" kernel_clean
