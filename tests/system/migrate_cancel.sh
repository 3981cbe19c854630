#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 20 moves in a row between two devices, of which five come to nothing half-way: cancelled, or the QEMU that waited
# dies. The guest goes on where it is, and the next move works; one TCP connection lasts through all of it.
# soc: native
# seconds: 1800
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/migrate/lib.sh"
script_begin

card_up
guests_clear
mover_add v0 a && peer_up 1 && mover_add v2 a || die "no devices"
ip -n peer1 addr add 10.0.0.2/24 dev nic
rules_clear
forward pf0sf0 pf0sf1 && forward pf0sf2 pf0sf1 && way_to pf0sf1 pf0sf0 || die "no rules"
check "guest a starts" guest_start a v0 && guest_up a || die "no guest a"
guest_run a "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up"
check "and reaches the peer" guest_ping a 10.0.0.2
check "a TCP stream of the guest" stream_start a peer1 10.0.0.2 || die "no stream"

at=v0 other=v2 moved=0 undone=0
for ((n = 1; n <= 20; n++)); do
	case $n in
	3 | 11 | 19) how=cancel ;;
	7 | 15) how=death ;;
	*) how= ;;
	esac
	if [ -n "$how" ]; then
		check "move $n comes to nothing ($how)" guest_move_undone a "$other" $how && undone=$((undone + 1))
	else
		check "move $n, from $at to $other" guest_move a "$other" way_to pf0sf1 "$(guest_rep_of "$other")" || die "it has not moved"
		moved=$((moved + 1))
		note "the guest stood still for $(stood_still) ms"
		now=$at at=$other other=$now
	fi
	check "the guest reaches the peer" guest_ping a 10.0.0.2 || die "it is lost"
	check "its TCP connection carries on" stream_carries a
done
check_eq "moves" 15 $moved
check_eq "that came to nothing" 5 $undone
stream_stop a
check "the kernel has nothing to complain about" kernel_clean
guest_stop a
peers_clear
