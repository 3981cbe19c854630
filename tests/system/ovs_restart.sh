#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While Open vSwitch is away, by exit or by kill -9, its flows go on in the card and nothing is lost; nor is it when
# OVS comes back, if it begins with hw-offload off on clsact qdiscs (docs/ovs.md). What a plain restart loses is shown.
# soc: rv64
# seconds: 900
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ovs/lib.sh"

ovs_begin
ports=("$A" "$B" "$P")
check "a bridge of two guests and an uplink" ovs_bridge "${ports[@]}"
rules=("table=0,priority=20,arp,actions=normal" "table=0,priority=10,ip,actions=resubmit(,1)"
	"table=1,priority=10,tcp,tp_dst=5001,actions=drop" "table=1,priority=0,actions=normal")
check "rules of two tables" ovs_flows "${rules[@]}"
rules_there() { [ "$(ovs-ofctl --no-stats dump-flows br0 | wc -l)" = "${#rules[@]}" ]; }
guest_run b 'pgrep iperf3 >/dev/null || iperf3 -s -D' >/dev/null

# traffic: a to b, b to the world, and back; a TCP connection.
traffic() {
	pings_start a 10.0.0.2
	pings_start b 10.0.0.100
	guest_run a '(iperf3 -c 10.0.0.2 -t 100 -b 500K >/tmp/iperf 2>&1 &)' >/dev/null
	sleep 3
}
# traffic_ends CLAIM [LOST]: nothing is lost; or with LOST, as much as is said.
traffic_ends() {
	local got lost a b
	a=$(pings_lost a) b=$(pings_lost b)
	guest_run a 'pkill -x iperf3' >/dev/null
	got=$((${a% *} + ${b% *})) lost=$((${a#* } + ${b#* }))
	if [ "${2-}" = lost ]; then
		note "$1: $lost of $((got + lost)) pings lost (a to b ${a#* }, b to the world ${b#* })"
	else
		check_ge "$1: replies" 100 "$got"
		check_eq "$1: pings lost" 0 "$lost"
	fi
}
in_card() { [ -z "$(ovs_in_software)" ] && [ "$(ovs_num offloaded "$macs")" -ge 4 ]; }
connected() { guest_run a 'pgrep -x iperf3 && ! grep -i error /tmp/iperf'; }
quiet() {
	local before
	before=$(silent "${ports[@]}")
	sleep 1
	[ "$(silent "${ports[@]}")" = "$before" ]
}
# in_card and quiet, before long: OVS learns addresses and lets first flows age.
settled() { in_card && quiet; }
gone() { ! pidof ovs-vswitchd; }
# used: the rules that the traffic meets; others may age at any time. used_lost: those of them that are not in the card.
used() {
	tc_list "${ports[@]}" | awk '$NF <= 4 { NF--; print }' >"$state/used"
	check_ge "the traffic meets rules" 6 "$(wc -l <"$state/used")"
}
used_lost() { comm -23 "$state/used" <(tc_list "${ports[@]}" | awk '{ NF--; print }'); }

check "a reaches b" guest_ping a 10.0.0.2
check "b reaches the world" guest_ping b 10.0.0.100
guests_calm a b

# ---- away

traffic
check "the flows are in the card, the representors silent" wait_for 15 settled
used
before=$(silent "${ports[@]}")
check "ovs-appctl exit" ovs-appctl exit
check "ovs-vswitchd is gone" wait_for 5 gone
sleep 5
check_eq "none of these has left the card" "" "$(used_lost)"
check_eq "no packet came up" 0 $(($(silent "${ports[@]}") - before))
check "the TCP connection goes on" connected
traffic_ends "ovs-vswitchd away after exit"

# ---- a plain restart, hw-offload=true: OVS takes its qdiscs off before it can serve what comes up

check "it is started again" ovs_ctl start
ovs_no_flood_to_server
ovs_flows "${rules[@]}"
traffic
check "the flows come back to the card" wait_for 15 settled
check "a plain ovs-ctl restart" ovs_ctl restart
ovs_no_flood_to_server
check "the rules of the bridge are there again" wait_for 5 rules_there
check "the flows come back to the card" wait_for 20 settled
check "the TCP connection goes on" connected
traffic_ends "a plain ovs-ctl restart" lost

# ---- kill -9

traffic
check "the flows are in the card" wait_for 15 settled
before=$(silent "${ports[@]}")
kill -9 "$(pidof ovs-vswitchd)"
check "ovs-vswitchd is killed" wait_for 5 gone
sleep 5
check_eq "no packet came up" 0 $(($(silent "${ports[@]}") - before))
traffic_ends "ovs-vswitchd away after kill -9"

# ---- without loss

# Qdiscs that OVS does not take off; its flows come back to them.
for dev in "${ports[@]}"; do
	tc qdisc del dev "$dev" ingress
	tc qdisc add dev "$dev" clsact
done
check "it is started, on clsact qdiscs" ovs_ctl start
ovs_no_flood_to_server
ovs_flows "${rules[@]}"
# What a running ovs-vswitchd has been told once, it does not take back; the next one begins without.
check "hw-offload is taken out of the data base" ovs-vsctl remove Open_vSwitch . other_config hw-offload
# hand_over: OVS takes over what the card has by its predecessor: each flow, as its next packet comes up.
hand_over() {
	local dev
	ovs-vsctl set Open_vSwitch . other_config:hw-offload=true || return 1
	for dev in "${ports[@]}"; do tc filter del dev "$dev" ingress || return 1; done
	ovs-vsctl remove Open_vSwitch . other_config hw-offload
}
# What came up and ovs-vswitchd's sockets had no room for.
upcalls_lost() { ovs-dpctl show ovs-system | sed -nE 's/.* lost:([0-9]+).*/\1/p'; }
# By its cookie OVS knows a filter; what it has no flow for is its predecessor's.
all_known() { [ "$(tc_in_hw "${ports[@]}")" = "$(ovs_num offloaded .)" ]; }

traffic
check "the flows are in the card" wait_for 15 settled
used
check "ovs-ctl restart" ovs_ctl restart
check "the rules of the bridge are there again" wait_for 5 rules_there
check_eq "none of these has left the card" "" "$(used_lost)"
before=$(silent "${ports[@]}")
sleep 1
check_eq "no packet comes up" 0 $(($(silent "${ports[@]}") - before))
ip netns exec world0 ping -i 0.05 -w 60 10.0.0.1 >"$state/new-flow" &
newcomer=$!
new_in_software() { ovs_in_software | grep "src=$mac_world,dst=$mac_a"; }
check "a new flow is served by software" wait_for 5 new_in_software
ovs_no_flood_to_server
lost_before=$(upcalls_lost)
check "hw-offload=true, and the predecessor's filters deleted" hand_over
sleep 3
kill -INT "$newcomer"
wait "$newcomer"
check "all flows are in the card again, when the new one has been idle" wait_for 25 settled
check "and none is there that OVS does not know" wait_for 5 all_known
check_eq "packets that came up and found no room" "${lost_before:-a number}" "$(upcalls_lost)"
check "the TCP connection goes on" connected
traffic_ends "ovs-ctl restart with a handover"
lost=$(sed -n 's/ packets transmitted, / /p' "$state/new-flow" | awk '{ print $1 - $2 }')
check "nor of the new flow: at most the last one is on its way ($lost)" test "${lost:-99}" -le 1

traffic
check "the flows are in the card" wait_for 15 settled
kill -9 "$(pidof ovs-vswitchd)"
check "ovs-vswitchd is killed" wait_for 5 gone
sleep 2
check "it is started again" ovs_ctl start
# A controller would do this
ovs_no_flood_to_server
check "it has its rules" ovs_flows "${rules[@]}"
lost_before=$(upcalls_lost)
check "hw-offload=true, and the predecessor's filters deleted" hand_over
check "all flows are in the card again" wait_for 15 settled
check "and none is there that OVS does not know" wait_for 5 all_known
check_eq "packets that came up and found no room" "${lost_before:-a number}" "$(upcalls_lost)"
check "the TCP connection goes on" connected
traffic_ends "kill -9 and start with a handover"

pings_start a 10.0.0.2
sleep 1
check_quick "then a drop rule takes effect" stops "$B" ovs-ofctl add-flow br0 "table=1,priority=100,icmp,actions=drop"
guest_run a 'pkill -x ping' >/dev/null

ovs_down
check "nothing of OVS is left" ovs_is_down
check "the kernel has nothing to complain about" kernel_clean
