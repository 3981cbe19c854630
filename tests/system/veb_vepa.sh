#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `bridge link set DEV hwmode vepa`: all that the card's ports send goes out to the switch beyond the uplink, which
# decides; what it sends back is delivered, but not to where it is from. veb: the card switches itself.
# soc: rv64
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

hwmode_set() { bridge link set dev "$(pf_netdev)" hwmode "$1"; }
hwmode() { bridge -d link show dev "$(pf_netdev)" | grep -oiE 'hwmode [a-z]+' | cut -d ' ' -f 2 | tr A-Z a-z | head -n 1; }
ping_from() { ip netns exec "$1" ping -c 2 -i 0.2 -W 2 "$2"; }
# The switch beyond the uplink, which may send a frame back to where it came from.
world_hairpin() { world_run 0 bridge link set dev world hairpin "$1"; }
# seen_outside COMMAND...: whether the world sees peer 0 send to peer 1 meanwhile.
seen_outside() {
	rm -f "$state/frame"
	timeout 8 ip netns exec world0 tcpdump -Z root -n -e -c 1 -i world 'icmp and src 10.0.1.10 and dst 10.0.1.11' \
		>"$state/frame" 2>/dev/null &
	sleep 1
	"$@" >/dev/null
	wait $!
	grep -q 10.0.1.11 "$state/frame"
}

card_up
peers_clear
rules_clear
peer_up 0 && peer_up 1 || die "no NICs of the server's own on the card"
world_up 0
check "a switch beyond the uplink" world_run 0 sh -c \
	"ip link add sw type bridge && ip link set world master sw && ip link set sw up && ip addr add 10.0.1.100/24 dev sw"

check_eq "by rules the card is no bridge" "" "$(hwmode)"
said=$(hwmode_set vepa 2>&1)
check "and cannot be told to be one" test -n "$said"
check "legacy mode" eswitch_set legacy
check_eq "begins as a VEB" veb "$(hwmode)"
check "devices talk" ping_from peer0 10.0.1.11
check_not "which nobody sees outside" seen_outside ping_from peer0 10.0.1.11
check "they reach the world" ping_from peer0 10.0.1.100

check "hwmode vepa" hwmode_set vepa
check_eq "which bridge shows" vepa "$(hwmode)"
ip -n peer0 neigh flush all
check_not "devices do not reach each other, since the world sends nothing back" ping_from peer0 10.0.1.11
check "they reach the world" ping_from peer0 10.0.1.100
check "and it them" ping_from world0 10.0.1.11
world_hairpin on
ip -n peer0 neigh flush all
ip -n peer1 neigh flush all
check "when it does, they reach each other" wait_for 5 ping_from peer0 10.0.1.11
check "by way of the world" seen_outside ping_from peer0 10.0.1.11
mac=$(ip netns exec peer0 cat /sys/class/net/nic/address)
timeout 6 ip netns exec peer0 tcpdump -Z root -n -e -Q in -c 1 -i nic "ether src $mac" >"$state/frame" 2>/dev/null &
sleep 1
ip -n peer0 neigh flush all
ip netns exec peer0 ping -c 3 -i 0.2 -W 1 10.0.1.99 >/dev/null
wait $!
check_not "nobody hears his own broadcasts" grep -q "$mac" "$state/frame"
timeout 6 ip netns exec peer1 tcpdump -Z root -n -e -Q in -c 1 -i nic "arp and ether src $mac" >"$state/frame" 2>/dev/null &
sleep 1
ip netns exec peer0 ping -c 3 -i 0.2 -W 1 10.0.1.98 >/dev/null
wait $!
check "others do" grep -q "$mac" "$state/frame"
rm -f "$state/frame"

devlink health set "$(card_handle)" reporter fw grace_period 0
before=$(card_recoveries)
check "the firmware hangs" devlink health test "$(card_handle)" reporter fw
check "and is restarted" wait_for 60 card_recovered "$before" || die "no restart"
check_eq "the bridge is what it was" vepa "$(hwmode)"
check "and does what it did" seen_outside wait_for 10 ping_from peer0 10.0.1.11

check "hwmode veb" hwmode_set veb
check_eq "which bridge shows" veb "$(hwmode)"
check_not "what devices say to each other stays inside" seen_outside ping_from peer0 10.0.1.11
check "hwmode vepa once more" hwmode_set vepa
check "switchdev mode" eswitch_set switchdev
check "legacy mode" eswitch_set legacy
check_eq "begins as a VEB again" veb "$(hwmode)"
world_hairpin off
world_run 0 ip link del sw
check "switchdev mode" eswitch_set switchdev
peers_clear
check "the kernel has nothing to complain about" kernel_clean
