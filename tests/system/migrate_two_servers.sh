#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A running guest moves from one server to another, each with a card, which are wired by their uplinks; its memory
# goes by TCP between the servers. A TCP stream of the guest and a ping each millisecond go on.
# needs: two
# soc: rv64
# seconds: 1200
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/migrate/lib.sh"
script_begin

card_up
guests_clear
check "the cable between the servers" cable_up 1 || die "no cable"
check "the other server answers" wait_for 240 other_answers || die "no other server"
check "its card runs" there card_up || die "no card there"
check "a device for guest a here" mover_add v0 a || die "no v0"
check "the peer is this server's own NIC on the card, v1" peer_up 1 || die "no peer"
ip -n peer1 addr add 10.0.0.2/24 dev nic
check "and one there" there 'guests_clear; mover_add v0 a' || die "no v0 there"

rules_clear
check "here, what the guest sends goes to the peer" eval "forward pf0sf0 pf0sf1 && way_to p0 pf0sf1"
check "what the peer sends goes to the guest" way_to pf0sf1 pf0sf0
check "there, the guest's device and the uplink are joined" there 'rules_clear; rep=$(guest_rep_of v0); forward_both $rep p0'
check "guest a starts here" guest_start a v0 && guest_up a || die "no guest a"
guest_run a "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up"
check "the guest reaches the peer" guest_ping a 10.0.0.2

check "a QEMU there waits for it" there 'guest_start a v0 -incoming tcp:0:7002 &&
	{ socat TCP-LISTEN:7001,reuseaddr UNIX-CONNECT:$state/guest-a/events.sock >/dev/null 2>&1 </dev/null & sleep 3; }' ||
	die "nobody waits"
check "a TCP stream of the guest" stream_start a peer1 10.0.0.2
pings_start peer1 10.0.0.1
sleep 2
check "the guest moves" migrate a tcp:10.99.0.2:7002 TCP:10.99.0.2:7001 way_to pf0sf1 p0 || die "it has not moved"
note "QEMU: downtime $(moved downtime) ms, total $(moved total-time) ms, $(($(moved transferred) >> 20)) MiB in $(moved dirty-sync-count) rounds"
sleep 4
pings_stop
check_ge "pings that were answered" 100 "$(pings got)"
check_eq "twice" 0 "$(pings twice)"
check_eq "in another order" 0 "$(pings disorder)"
note "$(pings missing) of $(pings sent) were lost; the longest silence was $(pings gap_ms) ms"
check "its device here goes" eval "guest_stop a; vdpa_del v0"
check "the guest there reaches the peer here" there 'guest_ping a 10.0.0.2'
check "its TCP connection carries on" there 'stream_carries a'
check "the kernel here has nothing to complain about" kernel_clean
check "nor the one there" there 'kernel_mark=none; kernel_clean; guests_clear'
peers_clear
