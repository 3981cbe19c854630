#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long a guest stands still when it moves, on the card and on the kernel's simulated vDPA devices: the same guest,
# without traffic, five moves each, the median. What QEMU needs by itself is most of it, and varies.
# soc: native
# seconds: 600
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/migrate/lib.sh"
script_begin

# moves WHERE DEV OTHER: guest a, which is on DEV, there and back; the median of how long it stood still.
moves() {
	local n at=$2 next=$3 now list=()
	for n in 1 2 3 4 5; do
		guest_move a "$next" true || { fail "move $n of the guest on $1"; return 1; }
		list+=("$(stood_still)")
		now=$at at=$next next=$now
	done
	note "the guest stood still on $1: ${list[*]} ms"
	median=$(printf '%s\n' "${list[@]}" | sort -n | sed -n 3p)
}

card_up
guests_clear
check "two devices of the card" eval "mover_add v0 a && mover_add v1 a"
check "guest a starts on v0" guest_start a v0 && guest_up a && moves "the card" v0 v1 && ours=$median
guest_stop a
check "the kernel's simulated device is there" insmod $xvio/vdpasim.ko
for dev in s0 s1; do
	check "$dev" vdpa dev add name $dev mgmtdev vdpasim_net mac "$(guest_mac a)"
done
check "guest a starts on s0" guest_start a s0 && guest_up a && moves "the simulated devices" s0 s1 && theirs=$median
note "median: ${ours:=none} ms on the card, ${theirs:=none} ms on the simulated devices"
check "on the card it is not worse by more than a slow machine's noise" test "$ours" -le $((2 * theirs + 100))
guest_stop a
vdpa dev del s0
vdpa dev del s1
check "the simulated device goes" rmmod vdpasim
guests_clear
check "the kernel has nothing to complain about" kernel_clean
