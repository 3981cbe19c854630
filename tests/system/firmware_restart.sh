#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The firmware hangs, is reset behind the driver's back, and hangs again, while guests talk: the driver notices,
# starts it anew, and all queues go on from where they stood. No TCP connection is lost; rules, their counters and what
# guests have set are there again. How long the silence was is told, not judged: servers here are slow.
# needs: iommu
# seconds: 900
# soc: rv64
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/migrate/lib.sh"
script_begin


card_up
guests_clear
mover_add v0 a && peer_up 1 || die "no devices"
ip -n peer1 addr add 10.0.0.2/24 dev nic
check "a VF" vf_set 1
ip link set "$(rep pf0vf0)" up
check "with an address from the administrator" ip link set "$(pf_netdev)" vf 0 mac 52:54:00:aa:00:03
rules_clear
rule pf0sf1 10 all dst_mac "$(guest_mac a)" -- mirred egress redirect dev "$(rep pf0sf0)" &&
	rule pf0sf1 11 all dst_mac 52:54:00:aa:00:03 -- mirred egress redirect dev "$(rep pf0vf0)" &&
	rule pf0sf1 12 arp dst_mac ff:ff:ff:ff:ff:ff -- mirred egress mirror dev "$(rep pf0sf0)" action mirred egress redirect dev "$(rep pf0vf0)" &&
	rule pf0sf1 13 all dst_mac 52:54:00:aa:00:77 -- mirred egress redirect dev "$(rep pf0sf0)" &&
	forward pf0sf0 pf0sf1 && forward pf0vf0 pf0sf1 || die "no rules"
check "guest a starts on v0" guest_start a v0
check "guest c on the VF" guest_up_vf c 0 || die "no guest c"
guest_up a || die "no guest a"
guest_run a "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up"
check "a reaches the peer" guest_ping a 10.0.0.2
check "c reaches the peer" guest_ping c 10.0.0.2
check "a has asked for no frames but its own" keeps_strangers_out pf0sf0
check "the card's watcher is well" card_healthy
devlink health set "$(card_handle)" reporter fw grace_period 0
echo 500 >/sys/module/xvio/parameters/heartbeat_ms

# restart WHAT COMMAND...: the card's firmware dies by the command, under traffic.
restart() {
	local what=$1 before counted
	shift
	before=$(card_recoveries) counted=$(rule_packets pf0sf1 10)
	guest_run c 'setsid ping -i 0.05 10.0.0.2 >/tmp/pings </dev/null 2>&1 &' >/dev/null
	pings_start peer1 10.0.0.1
	sleep 3
	check "$what" "$@"
	check "$what: it is noticed, and over" wait_for 60 card_recovered "$before" || die "no restart"
	sleep 3
	pings_stop
	check_ge "$what: pings to a that were answered" 50 "$(pings got)"
	note "$(pings missing) of $(pings sent) were lost; the longest silence was $(pings gap_ms) ms"
	note "$(kernel_said | grep -o 'restarted in .*' | tail -n 1)"
	check_eq "$what: none came in another order" 0 "$(pings disorder)"
	check "$what: a reaches the peer" guest_ping a 10.0.0.2
	guest_run c 'pkill -x ping' >/dev/null
	check "$what: c reaches the peer" guest_ping c 10.0.0.2
	check "$what: a's device knows what it has asked for" keeps_strangers_out pf0sf0
	check "$what: a's TCP connection carries on" stream_carries a
	check_ge "$what: the rule has counted on" $((counted + 1)) "$(rule_packets pf0sf1 10)"
	check "$what: rules can be set" eval "rule pf0sf1 20 all src_mac 02:00:00:00:00:01 -- drop && tc filter del dev $(rep pf0sf1) ingress prio 20"
	check "$what: the VF has its address" sh -c "ip link show $(pf_netdev) | grep -q 'vf 0 .*52:54:00:aa:00:03'"
}

check "a TCP stream of a" stream_start a peer1 10.0.0.2

hang() { devlink health test "$(card_handle)" reporter fw; }
restart "a hang" hang
restart "a reset by somebody else" xvio-flash reset --force -s "$(card_bdf)"
restart "another hang" hang
check "a new device can be made" vdpa_add v3 52:54:00:cc:00:03
check "and goes" vdpa_del v3
guest_stop c
vf_set 0
guest_stop a
peers_clear
check "the driver unloads" rmmod xvio
check "and loads again" card_up
check "the kernel has nothing to complain about" kernel_clean
