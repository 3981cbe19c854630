#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Unload and reload the driver 20 times while packets pass on two vDPA devices (bound to
# virtio_vdpa, each in its own name space) and on the PF: no leak, no complaint, the card works.
# soc: rv64
# seconds: 900
. "$(dirname "$0")/lib.sh"
script_begin

rounds=20
ping_pids=()

traffic_start() {
	ip netns exec peer0 ping -f 10.0.1.11 >/dev/null 2>&1 &
	ping_pids=($!)
	ip addr add 10.0.2.1/24 dev "$(pf_netdev)" 2>/dev/null
	ping -f -I "$(pf_netdev)" 10.0.2.2 >/dev/null 2>&1 &
	ping_pids+=($!)
}

traffic_stop() {
	kill "${ping_pids[@]}" 2>/dev/null
	wait "${ping_pids[@]}" 2>/dev/null
	ping_pids=()
}

bring_up() { driver_load && card_up && peers_up; }
mem_free() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemAvailable/ { print $2 }' /proc/meminfo
}
# What is freed by work in the background comes back late; what leaks never does.
mem_is_back() { [ $((free_at_first - $(mem_free))) -lt 4096 ]; }

card_up
guests_clear
rules_clear
rmmod xvio || die "the driver does not unload"
irqs=$(grep -c xvio /proc/interrupts)
check_eq "an unloaded driver holds no interrupt" 0 "$irqs"
check_eq "and leaves no netdev behind" 0 "$(grep -l . /sys/class/net/*/phys_port_name 2>/dev/null | wc -l)"
good=0
for ((n = 1; n <= rounds; n++)); do
	bring_up || { fail "round $n: the driver does not come up"; break; }
	peers_talk >/dev/null || { fail "round $n: no packets"; break; }
	traffic_start
	sleep 0.5
	timeout 20 rmmod xvio || { fail "round $n: the driver does not unload"; break; }
	traffic_stop
	good=$((good + 1))
	[ "$n" -ne 2 ] || free_at_first=$(mem_free)
	[ $((n % 5)) -ne 0 ] || note "$n rounds, $(mem_free) kB free"
done
traffic_stop
check_eq "unloads and reloads under traffic" "$rounds" "$good"
check "memory after $rounds rounds is what it was after 2" wait_for 20 mem_is_back
note "lost $((free_at_first - $(mem_free))) kB"
check "the driver comes up once more" bring_up
check "and packets pass" peers_talk
check "the card's firmware still runs" card_running
check "the kernel has nothing to complain about" kernel_clean
peers_clear
