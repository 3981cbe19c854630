#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where every lost packet went: a known number is lost in each way there is, and is found under that name, on the right port and in
# devlink's trap, and under no other. All that comes in leaves or is counted as dropped, port by port. Rules show the card's counters and
# when they were used last; what is refused says why.
# soc: rv64
# seconds: 900
# Not to be had in an emulated server, where nobody but the driver speaks to the card and its cores are seldom late:
#   drop_no_host   a miss while the PF's queues are down: they are up as long as any port is   test_switch
#   drop_bad_meta  the driver marks no packet wrongly                                          test_switch
#   mac_no_slot    frames the MAC has no room for, how many is chance                          model-check
# drop_other_uplink, drop_unknown_dst and drop_same_port are of another mode of the switch: veb_vepa.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frames/lib.sh"

# What the server's kernel says by itself would be counted, too.
quiet() {
	local name
	for name in p0 p1 pf0 pf0sf0 pf0sf1 pf0sf2 pf0vf0; do
		! dev=$(rep $name) || echo "$1" >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
	done
	echo "$1" >"/proc/sys/net/ipv6/conf/$(pf_netdev)/disable_ipv6"
}

frames_begin
world_up 0
quiet 1
P=$(rep p0)
to_b="mirred egress redirect dev $B"
plain=$(udp4 1000 2000)

# ---- names

# losses: a line for each name under which packets are lost, of the card's counters and of devlink's traps.
losses() {
	ethtool -S "$(pf_netdev)" | awk '$1 ~ /^drop_/ || $1 == "mac_no_slot:" { sub(":", ""); print $1, $2 }'
	devlink -j -s trap show | jq -r '.trap[][] | select(.type == "drop") | "trap:" +
		(if .name == "ingress_flow_action_drop" then "drop_rule" else .name end) + " \(.stats.rx.dropped)"'
}
counters_named() { losses | awk '!/^trap:/ { print $1 }' | sort; }
traps_named() { losses | awk '/^trap:/ { sub("trap:", ""); print $1 }' | sort; }
check "each counter of lost packets has its trap" test -n "$(counters_named)" -a "$(counters_named)" = "$(traps_named)"

# grown BEFORE AFTER: what has become more, and by how much.
grown() { join <(sort "$1") <(sort "$2") | awk '$3 != $2 { printf "%s%s+%d", n++ ? " " : "", $1, $3 - $2 }'; }
# At rest: nothing is on its way.
at_rest() {
	local a b=
	for _ in 1 2 3 4 5 6 7 8; do
		a=$b b=$(ethtool -S "$(pf_netdev)" | md5sum)
		[ "$a" != "$b" ] || return 0
		sleep 0.5
	done
	return 1
}
# loses NAME NETDEV NUMBER COMMAND...: it loses so many packets in this way, at the port of that representor.
loses() {
	local name=$1 netdev=$2 num=$3 at
	shift 3
	at_rest
	losses >"$state/before"
	at=$(counter "$netdev" "$name")
	"$@" || { fail "$name: $* failed"; return; }
	wait_for 5 test_counter "$netdev" "$name" $((at + num))
	at_rest
	losses >"$state/after"
	check_eq "$name: $num packets, and no others, by counter and by trap" "$name+$num trap:$name+$num" "$(grown "$state/before" "$state/after")"
	check_eq "$name: counted at the port where they were lost" "$num" $(($(counter "$netdev" "$name") - at))
	check "$name: in is out and lost" wait_for 5 card_is_even
}
test_counter() { [ "$(counter "$1" "$2")" -ge "$3" ]; }
# times NUMBER COMMAND...
times() {
	local n
	for ((n = 0; n < $1; n++)); do "${@:2}" || return 1; done
}
own_rule() { rule pf0sf0 1 "$1" src_mac $frame_src_mac "${@:2}"; }
no_rule() { tc filter del dev "$A" ingress prio 1; }

own_rule ip -- drop || die "a rule"
loses drop_rule "$A" 7 times 7 frame_send "$plain"
no_rule

# An IPv4 header of four words.
own_rule all -- $to_b || die "a rule"
loses drop_malformed "$A" 5 times 5 frame_send "${plain:0:28}44${plain:30}"
no_rule

own_rule ip -- police mtu 80 conform-exceed drop/pipe action $to_b || die "a rule"
loses drop_policed "$A" 4 times 4 frame_send "$(data=$data$data; udp4 1000 2000)"
no_rule

chain_rule pf0sf0 0 1 ip src_mac $frame_src_mac -- goto chain 1 && chain_rule pf0sf0 1 1 ip -- goto chain 1 || die "chains"
loses drop_depth "$A" 3 times 3 frame_send "$plain"
tc filter del dev "$A" ingress chain 1
no_rule

# The uplink takes less than the NIC sends.
mtu=$(cat "/sys/class/net/$P/mtu")
own_rule ip -- mirred egress redirect dev "$P" && ip link set "$P" mtu 1000 || die "an uplink of 1000 bytes"
loses drop_oversize "$P" 6 times 6 frame_send "$(data=$(printf '%02400d' 0); udp4 1000 2000)"
ip link set "$P" mtu "$mtu"
no_rule

own_rule ip -- $to_b && ip link set "$B" down || die "a port that is down"
loses drop_port_down "$B" 8 times 8 frame_send "$plain"
ip link set "$B" up

# The NIC in peer1 has an address of its own, and wants nothing else.
loses drop_filtered "$B" 5 times 5 frame_send "$plain"

# The receiver takes nothing from its ring any more: as soon as it is full, all is lost.
mine=$(frame_dst=$(tr -d : <<<"$(vdpa_mac v1)"); udp4 1000 2000)
ring_full() {
	local at
	at=$(counter "$B" drop_no_buffer)
	for _ in $(seq 40); do
		flood 32 "$mine"
		at_rest
		[ "$(counter "$B" drop_no_buffer)" -le "$at" ] || return 0
	done
	return 1
}
# flood NUMBER HEX: all at once.
flood() {
	local all=
	for _ in $(seq "$1"); do all+=$2; done
	sed 's/../\\x&/g' <<<"$all" | xargs -0 printf %b |
		ip netns exec peer0 timeout 10 socat -u -b $((${#2} / 2)) - INTERFACE:nic
}
ip -n peer1 link set nic down
if check "the ring of a NIC that is down fills" ring_full; then
	loses drop_no_buffer "$B" 9 times 9 frame_send "$mine"
fi
ip -n peer1 link set nic up
no_rule

# A driver whose receive ring is wrong.
vdpa_add v2 52:54:00:cc:00:02 || die "vdpa dev add v2"
wait_for 5 rep pf0sf2 && ip link set "$(rep pf0sf2)" up && quiet 1
vdpa_bind v2 vhost_vdpa && wait_for 5 vdpa_chardev v2 || die "no v2"
own_rule ip -- mirred egress redirect dev "$(rep pf0sf2)" || die "a rule to v2"
at_bad_ring() {
	timeout 20 "$xvio/ring_probe" "$(vdpa_chardev v2)" rx_outside 8 >/dev/null 2>&1 &
	sleep 2
	frame_send "$plain"
	wait $!
}
loses drop_ring_error "$(rep pf0sf2)" 1 at_bad_ring
no_rule
vdpa_del v2

# A VF in the server's own hands.
if vf_set 1 && vf_bind 0 virtio-pci; then
	wait_for 5 rep pf0vf0 && ip link set "$(rep pf0vf0)" up
	quiet 1
	V=$(rep pf0vf0)
	vf_nic=$(basename "$(echo /sys/bus/pci/devices/"$(vf_bdf 0)"/virtio*/net/*)")
	ip netns add vf && ip link set "$vf_nic" netns vf name nic
	ip netns exec vf sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip -n vf link set nic up
	vf_send() { printf %b "$(sed 's/../\\x&/g' <<<"$1")" | ip netns exec vf timeout 10 socat -u - INTERFACE:nic; }
	rule pf0vf0 1 all -- $to_b && ip link set "$(pf_netdev)" vf 0 spoofchk on || die "spoofchk"
	loses drop_spoofed "$V" 6 times 6 vf_send "$plain"
	ip link set "$(pf_netdev)" vf 0 spoofchk off
	own_rule ip -- mirred egress redirect dev "$V" && ip link set "$(pf_netdev)" vf 0 vlan 10 || die "a VLAN"
	loses drop_vlan "$V" 5 times 5 frame_send "$plain"
	no_rule
	ip netns del vf
	vf_set 0
else
	fail "a VF with the server's own driver"
fi

# ---- sums

# All kinds at once: between the peers, with copies to the uplink and samples, by the uplink in large packets, and misses.
ip -n peer0 addr add 10.0.2.10/24 dev nic
world_run 0 ip addr add 10.0.2.100/24 dev world
# Nobody asks for an address, least of all while counters are read; the world's NIC takes copies that are for others.
ip -n peer0 neigh replace 10.0.2.100 lladdr "$(world_run 0 cat /sys/class/net/world/address)" dev nic nud permanent
ip -n peer0 neigh replace 10.0.1.11 lladdr "$(vdpa_mac v1)" dev nic nud permanent
ip -n peer1 neigh replace 10.0.1.10 lladdr "$(vdpa_mac v0)" dev nic nud permanent
world_run 0 ip neigh replace 10.0.2.10 lladdr "$(vdpa_mac v0)" dev world nud permanent
world_run 0 ip link set world promisc on
rules_clear
check "rules: to the world, and back" rule pf0sf0 10 ip dst_ip 10.0.2.100 -- mirred egress redirect dev "$P"
rule p0 10 ip dst_ip 10.0.2.10 -- mirred egress redirect dev "$A" || die "a rule of the uplink"
check "rules: between the peers, with copies and samples" rule pf0sf0 20 ip dst_ip 10.0.1.11 -- \
	sample rate 1 group 7 pipe action mirred egress mirror dev "$P" pipe action $to_b
rule pf0sf1 20 all -- mirred egress redirect dev "$A" || die "a rule back"
check "rules: some are trapped" rule pf0sf0 5 ip src_mac $frame_src_mac -- trap
at_rest

# snap: what card, NICs and representors have counted.
nic_counted() { "${@:3}" cat "/sys/class/net/$1/statistics/$2_packets"; }
snap() {
	local port
	for port in pf0sf0 pf0sf1 p0; do ethtool -S "$(rep $port)" | awk -v p=$port '$2 ~ /^[0-9]+$/ { sub(":", ""); print p "." $1, $2 }'; done
	echo "nic0.tx $(nic_counted nic tx ip netns exec peer0)"
	echo "nic0.rx $(nic_counted nic rx ip netns exec peer0)"
	echo "nic1.tx $(nic_counted nic tx ip netns exec peer1)"
	echo "nic1.rx $(nic_counted nic rx ip netns exec peer1)"
	echo "world.tx $(nic_counted world tx ip netns exec world0)"
	echo "world.rx $(nic_counted world rx ip netns exec world0)"
	echo "A.rx $(cat "/sys/class/net/$A/statistics/rx_packets")"
	ethtool -S "$(pf_netdev)" | awk '$2 ~ /^[0-9]+$/ { sub(":", ""); print "card." $1, $2 }'
	devlink -j -s trap show | jq -r '.trap[][] | select(.type == "control") | .name + " \(.stats.rx.packets)"'
	for port in pf0sf0:5 pf0sf0:10 pf0sf0:20 p0:10 pf0sf1:20; do echo "rule.$port $(first_packets ${port/:/ })"; done
}
# first_packets REP PRIO: those of the rule's first action.
first_packets() { rule_show "$1" "$2" | awk '$1 == "Sent" && $2 == "hardware" { print $5; seen = 1; exit } END { if (!seen) print 0 }'; }
more() { join <(sort "$state/before") <(sort "$state/after") | awk -v n="$1" '$1 == n { v = $3 - $2 } END { print v + 0 }'; }

stream() {
	world_run 0 timeout 60 socat -u TCP-LISTEN:5000,reuseaddr - >"$state/got" &
	wait_for 5 listens
	head -c 3000000 /dev/urandom >"$state/sent"
	ip netns exec peer0 timeout 60 socat -u "$state/sent" TCP:10.0.2.100:5000
	wait $!
	cmp "$state/sent" "$state/got"
}
listens() { world_run 0 ss -ltn | grep -q :5000; }

snap >"$state/before"
check "bytes pass to the world" stream
check "peers talk" ip netns exec peer0 ping -c 20 -i 0.05 -q 10.0.1.11
check "full frames, too" ip netns exec peer0 ping -c 10 -i 0.05 -q -s 1472 10.0.1.11
times 6 frame_send "$plain"
times 4 frame_send "$(udp6 5 6)"
at_rest
snap >"$state/after"
check_eq "packets were cut into frames for the uplink" yes "$([ "$(more p0.split_frames)" -gt 50 ] && echo yes)"
for port in pf0sf0:nic0 pf0sf1:nic1 p0:world; do
	IFS=: read -r p nic <<<"$port"
	check_eq "$p: what came in is what its NIC has sent" "$(more "$nic.tx")" "$(more "$p.card_rx_packets")"
	check_eq "$p: what went out is what its NIC has got" "$(more "$nic.rx")" "$(more "$p.card_tx_packets")"
	check_eq "$p: what came in met a rule, or none" "$(more "$p.card_rx_packets")" $(($(more "$p.flow_hits") + $(more "$p.flow_misses")))
done
check_eq "pf0sf0: rules have counted what met one" "$(more pf0sf0.flow_hits)" \
	$(($(more rule.pf0sf0:5) + $(more rule.pf0sf0:10) + $(more rule.pf0sf0:20)))
check_eq "pf0sf1: rules have counted what met one" "$(more pf0sf1.flow_hits)" "$(more rule.pf0sf1:20)"
check_eq "p0: rules have counted what met one" "$(more p0.flow_hits)" "$(more rule.p0:10)"
check_eq "copies: one by the mirror and one by the sample for each packet of that rule" $((2 * $(more rule.pf0sf0:20))) "$(more card.copied_packets)"
check_eq "devlink has seen each sample" "$(more rule.pf0sf0:20)" "$(more flow_action_sample)"
check_eq "and each packet that was trapped" 6 "$(more flow_action_trap)"
check_eq "the representor got those that were trapped or met no rule" $((6 + $(more pf0sf0.flow_misses))) "$(more A.rx)"
check_eq "p0: what rules sent there and what was cut of it left" \
	$(($(more rule.pf0sf0:10) + $(more rule.pf0sf0:20) + $(more p0.split_frames))) "$(more p0.card_tx_packets)"
check "in is out and lost" wait_for 5 card_is_even
world_run 0 ip link set world promisc off
world_run 0 ip addr del 10.0.2.100/24 dev world
world_run 0 ip neigh flush all nud permanent

# ---- when a rule was used last

rules_clear
# used PRIO: for so many seconds it was not.
used() { tc -s -d filter show dev "$A" ingress prio "$1" | grep -oE ' used [0-9]+ sec' | awk 'NR == 1 { print $2 }'; }
between() { [ "${3:-x}" != x ] && [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] || { echo "$3 is not $1 to $2"; return 1; }; }
own_rule ip -- drop && rule pf0sf0 2 ip src_mac 02:aa:00:00:00:77 -- drop || die "two rules"
sleep 6
frame_send "$plain"
check "a rule that a packet has just met was used" between 0 2 "$(used 1)"
idle=$(used 2)
check "one that none has met was not, since it is there" between 6 60 "$idle"
sleep 4
check "to ask is not to use: it grows" between 4 9 "$(used 1)"
check "by as much" between $((idle + 4)) $((idle + 9)) "$(used 2)"
frame_send "$plain"
check "until the next packet" between 0 2 "$(used 1)"
check_eq "which is counted" 2 "$(rule_packets pf0sf0 1)"

# ---- what is refused, and what is not on the card

says() { local what=$1 said; shift; ! said=$("$@" 2>&1) && grep -q "$what" <<<"$said" && note "$said" || { echo "$said"; return 1; }; }
check "a trap that drops hands nothing up, and says so" says "xvio: the card does not hand up what it drops" \
	devlink trap set "$(card_handle)" trap drop_policed action trap
check "so does the generic one" says "xvio: the card does not hand up what it drops" \
	devlink trap set "$(card_handle)" trap ingress_flow_action_drop action trap
check "a rule of another classifier is refused, with a reason" says "xvio: .*flower and matchall only" \
	tc filter add dev "$A" ingress prio 7 bpf bytecode "1,6 0 0 4294967295" skip_sw action drop
check "a key is refused by its name" says "xvio: cannot match on tunnel key" rule pf0sf0 7 ip enc_key_id 7 -- drop
check "an action is refused by its name" says "xvio: cannot do action 1, skbedit ptype" rule pf0sf0 7 ip -- skbedit ptype host
check "what the card cannot match stays in software" tc filter add dev "$A" ingress protocol ip prio 7 flower enc_key_id 7 action drop
check "and does not say in_hw" not rule_in_hw pf0sf0 7

rm -f "$state/before" "$state/after" "$state/sent" "$state/got"
peers_clear
quiet 0
check "the kernel has nothing to complain about" kernel_clean
