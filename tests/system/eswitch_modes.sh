#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The card as a bridge: devlink changes the mode, the representors go and come, VFs and vDPA devices talk all the
# while, by address and VLAN in legacy mode, by rules in switchdev mode. The mode outlives the firmware, not the driver.
# needs: iommu
# soc: rv64
# seconds: 900
. "$(dirname "$0")/lib.sh"
script_begin

num_reps() { grep -l . /sys/class/net/*/phys_port_name 2>/dev/null | wc -l; }
num_dl_ports() { devlink port show | grep -c "^$(card_handle)/"; }
ping_from() { ip netns exec "$1" ping -c 2 -i 0.2 -W 2 "$2"; }
pf_counter() { counter "$(pf_netdev)" "$1"; }

# vf_peer_up N: VF N as a NIC of the server's own in the name space vfN, 10.0.1.2N.
vf_netdev() { basename "/sys/bus/pci/devices/$(vf_bdf "$1")"/virtio*/net/*; }
vf_peer_up() {
	local dev ns=vf$1
	vf_bind "$1" virtio-pci || return 1
	dev=$(vf_netdev "$1")
	ip netns list | grep -qw "$ns" || ip netns add "$ns"
	ip link set "$dev" netns "$ns" name nic && ip -n "$ns" addr add "10.0.1.2$1/24" dev nic &&
		ip -n "$ns" link set nic up
}
# A device that is made in legacy mode has no representor to wait for.
peer_up_legacy() {
	local dev ns=peer$1
	vdpa_add "v$1" "52:54:00:cc:00:0$1" && vdpa_bind "v$1" virtio_vdpa && wait_for 5 vdpa_netdev "v$1" || return 1
	dev=$(vdpa_netdev "v$1")
	ip netns list | grep -qw "$ns" || ip netns add "$ns"
	ip link set "$dev" netns "$ns" name nic && ip -n "$ns" addr add "10.0.1.1$1/24" dev nic &&
		ip -n "$ns" link set nic up
}

card_up
peers_clear
rules_clear
vf_set 0
pf=$(pf_netdev)
peer_up 0 && peer_up 1 || die "no NICs of the server's own on the card"
check "two VFs are made" vf_set 2
check "they are NICs of the server's, too" eval 'vf_peer_up 0 && vf_peer_up 1' || die "no VFs"
world_up 0
world_up 1
ip -n world0 addr add 10.0.1.100/24 dev world
ip addr add 10.0.1.200/24 dev "$pf"

# ---- every port has a representor

# port_is PORT FLAVOUR WORDS: how devlink and sysfs describe it.
port_is() {
	local dev
	dev=$(rep "$1") && devlink port show | grep "netdev $dev flavour $2" | grep -q "$3" &&
		[ "$(cat "/sys/class/net/$dev/phys_switch_id")" = "$switch" ]
}
switch=$(cat "/sys/class/net/$(rep p0)/phys_switch_id")
note "switch $switch"
check "the first uplink's, p0" port_is p0 physical 'port 0'
check "the second's, p1" port_is p1 physical 'port 1'
check "the PF's, pf0" port_is pf0 pcipf 'pfnum 0'
check "a VF's, pf0vf1" port_is pf0vf1 pcivf 'pfnum 0 vfnum 1'
check "a vDPA device's, pf0sf1" port_is pf0sf1 pcisf 'pfnum 0 sfnum 1'
check_not "the server's own netdev is none of them" grep -q . "/sys/class/net/$pf/phys_switch_id"

# ---- from rules to addresses

check_eq "the card begins by rules" switchdev "$(eswitch_mode)"
check_not "without a rule nobody is reached" ping_from peer0 10.0.1.11
check "a rule" forward_both pf0sf0 pf0sf1
said=$(eswitch_set legacy 2>&1)
check "with rules the mode stays" grep -q 'tc rules' <<<"$said"
check_eq "which it does" switchdev "$(eswitch_mode)"
check "the rule is still there" peers_talk
rules_clear
before=$(num_reps)
ports=$(num_dl_ports)
check_ge "there are representors" 7 "$before"
check "legacy mode" eswitch_set legacy
check_eq "which devlink shows" legacy "$(eswitch_mode)"
check "once more is nothing new" eswitch_set legacy
check_eq "there are no representors" 0 "$(num_reps)"
check_eq "nor ports of devlink's" 0 "$(num_dl_ports)"
check_eq "the server's own netdev stays" "$pf" "$(pf_netdev)"

# ---- a bridge

check "vDPA devices reach each other" ping_from peer0 10.0.1.11
check "VFs do" ping_from vf0 10.0.1.21
check "a VF reaches a vDPA device" ping_from vf0 10.0.1.10
check "the world" ping_from vf1 10.0.1.100
check "the world reaches a VF" ping_from world0 10.0.1.20
check "a vDPA device" ping_from world0 10.0.1.11
check "and the server itself" ping_from world0 10.0.1.200
check "the server reaches a VF" ping -c 2 -i 0.2 -W 2 10.0.1.21
before=$(pf_counter drop_unknown_dst)
ip -n world0 neigh replace 10.0.1.77 lladdr 52:54:00:00:77:77 dev world
world_run 0 ping -c 3 -i 0.2 -W 1 10.0.1.77 >/dev/null
check_ge "what the world sends to a stranger is dropped, and counted" $((before + 3)) "$(pf_counter drop_unknown_dst)"
ip link set "$pf" promisc on
sleep 1
before=$(pf_counter drop_unknown_dst)
timeout 10 tcpdump -Z root -n -e -c 1 -i "$pf" 'ether dst 52:54:00:00:77:77' >"$state/frame" 2>/dev/null &
sleep 1
world_run 0 ping -c 3 -i 0.2 -W 1 10.0.1.77 >/dev/null
wait $!
check "unless the server listens to all" grep -q 10.0.1.77 "$state/frame"
check_eq "nothing is dropped then" "$before" "$(pf_counter drop_unknown_dst)"
ip link set "$pf" promisc off
rm -f "$state/frame"
before=$(pf_counter drop_other_uplink)
world_run 1 ping -c 2 -i 0.2 -W 1 10.0.0.200 >/dev/null
check_ge "the second uplink takes no part" $((before + 1)) "$(pf_counter drop_other_uplink)"

# An address that the card learns, and that moves.
ip -n peer0 link add inner link nic address 52:54:00:ee:00:01 type macvlan mode bridge
ip -n peer0 addr add 10.0.2.1/24 dev inner && ip -n peer0 link set inner up
ip -n vf0 addr add 10.0.2.2/24 dev nic
check "an address behind a device is learnt" ping_from vf0 10.0.2.1
ip -n peer0 link del inner
ip -n peer1 link add inner link nic address 52:54:00:ee:00:01 type macvlan mode bridge
ip -n peer1 addr add 10.0.2.1/24 dev inner && ip -n peer1 link set inner up
ip netns exec peer1 ping -c 1 -W 2 10.0.2.2 >/dev/null
check "it moves to another one" ping_from vf0 10.0.2.1

# Who has been silent for so long is outside. Neither kernel asks for the other's address meanwhile, which would be heard.
ageing() { devlink dev param show "$(card_handle)" name ageing_time | grep -oE 'value [0-9]+' | cut -d ' ' -f 2; }
ageing_set() { devlink dev param set "$(card_handle)" name ageing_time value "$1" cmode runtime; }
# reaches_inside: whether a frame that VF 0 sends to the address comes to peer 1.
reaches_inside() {
	timeout 4 ip netns exec peer1 tcpdump -Z root -n -e -c 1 -i inner dst 10.0.2.9 >"$state/frame" 2>/dev/null &
	sleep 1
	ip netns exec vf0 ping -c 1 -W 1 10.0.2.9 >/dev/null
	wait $!
	cat "$state/frame"
	grep -q 10.0.2.9 "$state/frame"
}
check_eq "an address is remembered for 300 s" 300 "$(ageing)"
check "or as long as one says" ageing_set 4
check_eq "which devlink shows" 4 "$(ageing)"
check_not "which is not forever" ageing_set 2000000
for ip in 10.0.2.1 10.0.2.9; do ip -n vf0 neigh replace $ip lladdr 52:54:00:ee:00:01 dev nic; done
ip -n peer1 neigh replace 10.0.2.2 lladdr "$(ip netns exec vf0 cat /sys/class/net/nic/address)" dev inner
ip netns exec peer1 ping -c 1 -W 2 10.0.2.2 >/dev/null
check "what is for it goes there" reaches_inside
sleep 6
check_not "but not when it has been silent for longer" reaches_inside
ip netns exec peer1 ping -c 1 -W 2 10.0.2.2 >/dev/null
check "until it speaks" reaches_inside
ip -n peer1 link del inner

# ---- VLANs, and what is not one's own

check "VF 0 is put into VLAN 10" ip link set "$pf" vf 0 vlan 10
check_not "it does not reach VF 1" ping_from vf0 10.0.1.21
check_not "nor the vDPA devices it" ping_from peer0 10.0.1.20
check "VF 1 is put into VLAN 10" ip link set "$pf" vf 1 vlan 10
ip -n vf0 neigh flush all
ip -n vf1 neigh flush all
check "now they reach each other" ping_from vf0 10.0.1.21
check "VLANs off" sh -c "ip link set $pf vf 0 vlan 0 && ip link set $pf vf 1 vlan 0"
check "spoofchk" ip link set "$pf" vf 0 spoofchk on
before=$(pf_counter drop_spoofed)
ip -n vf0 link set nic down
own=$(ip netns exec vf0 cat /sys/class/net/nic/address)
ip -n vf0 link add other link nic address 52:54:00:ee:00:02 type macvlan mode bridge
ip -n vf0 addr add 10.0.3.1/24 dev other
ip -n vf0 link set nic up && ip -n vf0 link set other up
ip netns exec vf0 ping -c 2 -i 0.2 -W 1 10.0.3.2 >/dev/null
check_ge "works as ever" $((before + 1)) "$(pf_counter drop_spoofed)"
ip -n vf0 link del other
ip link set "$pf" vf 0 spoofchk off
check_eq "its address is its own" "$own" "$(ip netns exec vf0 cat /sys/class/net/nic/address)"
ip -n vf0 neigh flush all
check "and it is reached" wait_for 10 ping_from peer0 10.0.1.20

# ---- devices that come and go, and the firmware

check "a vDPA device is made" peer_up_legacy 2
check "it is reached" wait_for 5 ping_from peer0 10.0.1.12
check_eq "it has no representor" 0 "$(num_reps)"
devlink health set "$(card_handle)" reporter fw grace_period 0
before=$(card_recoveries)
check "the firmware hangs" devlink health test "$(card_handle)" reporter fw
check "and is restarted" wait_for 60 card_recovered "$before" || die "no restart"
check_eq "the mode is what it was" legacy "$(eswitch_mode)"
check_eq "and how long an address is remembered" 4 "$(ageing)"
check "300 s again" ageing_set 300
check "the devices talk" wait_for 10 ping_from peer0 10.0.1.12
check "the VFs do" wait_for 10 ping_from vf0 10.0.1.21
check "the world is there" ping_from peer1 10.0.1.100

# ---- and back

check "switchdev mode" eswitch_set switchdev
check_eq "which devlink shows" switchdev "$(eswitch_mode)"
check_eq "all ports have ports of devlink's again" $((ports + 1)) "$(num_dl_ports)"
check "representors, too" eval 'rep p0 && rep pf0vf1 && rep pf0sf0 && rep pf0sf2'
check_not "nothing is learnt any more" ping_from peer0 10.0.1.11
check "rules are taken" forward_both pf0sf0 pf0sf1
check "and decide" peers_talk
rules_clear
check "legacy mode" eswitch_set legacy
ip netns exec peer0 ip neigh flush all
check "the devices talk" wait_for 5 ping_from peer0 10.0.1.11
vf_set 0
peers_clear
vdpa_del v2
ip netns del peer2
ip netns del vf0
ip netns del vf1
ip -n world0 addr del 10.0.1.100/24 dev world
check "the driver is unloaded" rmmod xvio
check "and loaded" driver_load
card_up
check_eq "the card begins by rules" switchdev "$(eswitch_mode)"
check "with representors" rep p0
check "the kernel has nothing to complain about" kernel_clean
