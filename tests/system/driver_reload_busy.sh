#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver is not unloaded under a guest: rmmod says that it is in use, and nobody notices. Without guests it goes,
# and with it all devices. (Debian's kernels have neither KASAN nor kmemleak: what is looked at is memory and the log.)
# soc: native
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

mem_free() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemAvailable/ { print $2 }' /proc/meminfo
}
mem_is_back() { [ $((free_at_first - $(mem_free))) -lt 4096 ]; }
in_use() { awk '$1 == "xvio" { print $3 }' /proc/modules; }

# busy_round: two guests talk, the driver stays; they end, and it goes.
busy_round() {
	driver_load && card_up
	guests_up a b
	rules_clear
	forward_both pf0sf0 pf0sf1 || die "no rules"
	bystanders_start
	sleep 2
	check_ge "the module counts its guests" 1 "$(in_use)"
	for n in 1 2 3 4 5; do
		timeout 20 rmmod xvio 2>"$state/rmmod" && die "rmmod unloads the driver under guests"
	done
	check "rmmod says why it does not" grep -q 'in use' "$state/rmmod"
	sleep 2
	bystanders_well "the guests' pings"
	guest_stop a
	guest_stop b
	check_eq "without guests nobody uses it" 0 "$(in_use)"
	check "it unloads, with its devices" timeout 60 rmmod xvio
	check_eq "no device is left" 0 "$(ls /sys/bus/vdpa/devices | wc -l)"
	check_eq "nor a character device" 0 "$(ls /dev/vhost-vdpa-* 2>/dev/null | wc -l)"
}

card_up
guests_clear
busy_round
free_at_first=$(mem_free)
busy_round
busy_round
check "memory is what it was after the first round" wait_for 20 mem_is_back
note "lost $((free_at_first - $(mem_free))) kB"
check "the driver comes up once more" card_up
check "the kernel has nothing to complain about" kernel_clean
