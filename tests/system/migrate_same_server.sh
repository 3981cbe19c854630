#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A running guest moves between two vDPA devices of one card, there and back, by the live migration of stock
# QEMU. A TCP stream of the guest and a ping each millisecond go on: nothing comes twice or in another order.
# seconds: 900
# soc: rv64
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/migrate/lib.sh"
script_begin

card_up
guests_clear
check "v0 for guest a" mover_add v0 a || die "no v0"
check "the peer is the server's own NIC on the card, v1" peer_up 1 || die "no peer"
ip -n peer1 addr add 10.0.0.2/24 dev nic
check "v2 for guest a" mover_add v2 a || die "no v2"
rules_clear
check "what the guest sends goes to the peer, from either device" eval "forward pf0sf0 pf0sf1 && forward pf0sf2 pf0sf1"
check "what the peer sends goes to v0" way_to pf0sf1 pf0sf0
check "guest a starts on v0" guest_start a v0 && guest_up a || die "no guest a"
guest_run a "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up"
check "the guest reaches the peer" guest_ping a 10.0.0.2
check_eq "QEMU sees no reason against a migration" "" "$(guest_qmp a query-migrate '' | grep -o 'blocked.*')"

check "the guest has asked for no frames but its own" keeps_strangers_out pf0sf0

# move FROM TO: what every move has to keep.
move() {
	local rep_from rep_to
	rep_from=$(guest_rep_of "$1") rep_to=$(guest_rep_of "$2")
	pings_start peer1 10.0.0.1
	sleep 2
	check "from $1 to $2" guest_move a "$2" way_to pf0sf1 "$rep_to" || die "the guest has not moved"
	note "the card was busy with it for $(card_share "$1" "$2") us of the $(card_pause "$1" "$2") us between suspension and start"
	card_log_of_move "$1" "$2" | sed 's/^/  card: /'
	note "the guest stood still for $(stood_still) ms; QEMU: downtime $(moved downtime) ms, total $(moved total-time) ms, $(($(moved transferred) >> 20)) MiB in $(moved dirty-sync-count) rounds"
	sleep 3
	pings_stop
	check_ge "pings that were answered" 100 "$(pings got)"
	check_eq "twice" 0 "$(pings twice)"
	check_eq "in another order" 0 "$(pings disorder)"
	note "$(pings missing) of $(pings sent) were lost; the longest silence was $(pings gap_ms) ms"
	check "the guest reaches the peer" guest_ping a 10.0.0.2
	check "its device knows what it has asked for" keeps_strangers_out "$rep_to"
	check "its TCP connection carries on" stream_carries a
	before=$(host_counter "$rep_from")
	guest_ping a 10.0.0.2 >/dev/null
	check_eq "$1 takes no part any more" "$before" "$(host_counter "$rep_from")"
}
# What the card has counted at a port.
host_counter() { ethtool -S "$(rep "$1")" | md5sum; }

check "a TCP stream of the guest" stream_start a peer1 10.0.0.2
move v0 v2
move v2 v0
stream_stop a
check "vdpa shows what the queues have counted" sh -c "vdpa dev vstats show v0 qidx 1 | grep -q 'packets [1-9]'"
check_not "a queue that is not there has no statistics" vdpa dev vstats show v0 qidx 9
check "the kernel has nothing to complain about" kernel_clean
guest_stop a
peers_clear
