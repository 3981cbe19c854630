#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 256 vDPA devices on one PF, by stock vdpa: each has a representor, adding the last is no dearer than adding
# the first ones, two of them carry packets all the while, and all go again without a trace.
# (1,024 on the card alone: tests/unit/ctrl/test_many.c. What a packet costs among 1,000 idle devices, to the
# instruction: "a split-crowd" in tests/bench/instructions.baseline.)
# soc: rv64
# seconds: 900
. "$(dirname "$0")/lib.sh"
script_begin

most=256 last=$((most - 1))

num_devices() { vdpa dev show | wc -l; }
num_reps() { cat /sys/class/net/*/phys_port_name 2>/dev/null | grep -c '^pf0sf'; }

# add_up_to N: the devices that are missing, and in adding_ms what each of the last ten took.
add_up_to() {
	local n began
	for ((n = $(num_devices); n < $1; n++)); do
		[ "$n" != $(($1 - 10)) ] || began=$(date +%s%N)
		vdpa dev add name "v$n" mgmtdev "$(card_handle)" || return 1
	done
	adding_ms=$((($(date +%s%N) - began) / 10000000))
}

# The last device as a NIC in a name space of its own.
last_up() {
	vdpa_bind v$last virtio_vdpa && wait_for 5 vdpa_netdev v$last && ip netns add last &&
		ip link set "$(vdpa_netdev v$last)" netns last name nic && ip -n last addr add 10.0.1.99/24 dev nic &&
		ip -n last link set nic up && ip link set "$(rep pf0sf$last)" up
}

card_up
guests_clear
rules_clear
free_before=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
check "two devices carry packets" eval "peers_up && peers_talk" || die "no packets"
add_up_to 20 || die "a device is not added"
tenth_ms=$adding_ms
check "with twenty devices they still do" peers_talk
add_up_to $most || die "a device is not added"
check_eq "devices" $most "$(num_devices)"
check_eq "representors" $most "$(num_reps)"
check_eq "no two have the same address" $most \
	"$(vdpa dev config show | grep -o 'mac [0-9a-f:]*' | sort -u | wc -l)"
note "adding one took $tenth_ms ms among ten, $adding_ms ms among $((most - 10))"
check "adding one is not dearer than twice what it was" test "$adding_ms" -le $((2 * tenth_ms + 5))
free_now=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
note "the server's memory for a device: $(((free_before - free_now) / most)) kB"
check "among them the two still do" peers_talk
check "the last one is a NIC of the server, too" last_up
check "it can be reached from the first" eval "forward pf0sf0 pf0sf$last 50 && forward pf0sf$last pf0sf0 50"
check "and is" ip netns exec peer0 ping -c 2 -i 0.2 -W 2 10.0.1.99
peers_clear
ip netns del last
check_eq "all go" 0 "$(num_devices)"
check_eq "and their representors" 0 "$(num_reps)"
check "the card takes one again" vdpa_add v0 52:54:00:cc:00:00
check "which goes, too" vdpa_del v0
check "the kernel has nothing to complain about" kernel_clean
