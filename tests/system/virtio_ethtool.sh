#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's administrator changes a VF with ethtool while TCP comes and goes: offloads, queues in use, the
# table of hashes, moderation of interrupts. The card does what ethtool says then, and TCP goes on.
# needs: iommu
# soc: rv64
# seconds: 700
. "$(dirname "$0")/lib.sh"
script_begin

# received NAME KEY: rx_packets, rx_bytes, ... of a guest's NIC.
received() { guest_run "$1" "cat /sys/class/net/eth0/statistics/$2"; }

# change ARGUMENTS...: of c, by ethtool; TCP still arrives afterwards, both ways.
change() {
	local c_bytes d_bytes
	check "ethtool $*" guest_run c "ethtool $*" 30 || return
	c_bytes=$(received c rx_bytes) d_bytes=$(received d rx_bytes)
	check "  TCP goes on" wait_for 15 eval \
		"[ \$(received c rx_bytes) -gt $((c_bytes + 20000)) -a \$(received d rx_bytes) -gt $((d_bytes + 20000)) ]"
}

# bytes_per_packet REP: of what the card's rule for a port counted, since the rule was made.
bytes_per_packet() {
	rule_show "$1" 100 | awk '$1 == "Sent" && $2 == "hardware" { b += $3; n += $5 } END { printf "%d", n ? b / n : 0 }'
}

# frame_bytes NAME FROM: the mean frame that a guest's driver is given while the other sends by TCP for 4 s.
frame_bytes() {
	local bytes packets
	bytes=$(received "$1" rx_bytes) packets=$(received "$1" rx_packets)
	guest_run "$2" "iperf3 -c $(guest_ip "$1") -t 4" 30 >/dev/null || return
	echo $((($(received "$1" rx_bytes) - bytes) / ($(received "$1" rx_packets) - packets)))
}

# queue_packets N: that c has received through a queue, as the card counts.
queue_packets() { guest_run c "ethtool -S eth0 | awk '\$1 == \"rx$1_hw_packets:\" { print \$2 }'"; }

# interrupts: that the receive queues of c have raised.
interrupts() { guest_run c "awk '/virtio.*-input/ { n += \$2 + \$3 } END { print n }' /proc/interrupts"; }

# fan_in: datagrams from d to c, from many ports.
fan_in() { guest_run d 'for n in {1..64}; do echo >/dev/udp/10.0.0.3/$((6000 + n)); done 2>/dev/null' >/dev/null; sleep 0.5; }

card_up
vf_guests_up
check "c reaches d with all sizes of pings" guests_ping_sizes c d
guest_run d 'iperf3 -s -D; iperf3 -s -D -p 5202' >/dev/null
guest_run c 'iperf3 -s -D; iperf3 -s -D -p 5202' >/dev/null

# Large packets pass whole between guests that take them; they are cut for one that does not, or by its sender.
guest_run d 'ethtool -K eth0 gro off' >/dev/null
guest_run c 'ethtool -K eth0 gro off' >/dev/null
check_ge "TSO and GRO_HW on: c's frames from d are large" 2000 "$(frame_bytes c d)"
check "GRO_HW off" guest_run c "ethtool -K eth0 rx-gro-hw off"
size=$(frame_bytes c d)
check "the card cuts for c ($size bytes a frame)" test "$size" -le 1514 -a "$size" -gt 1000
check_ge "what d has sent is large" 2000 "$(bytes_per_packet pf0vf1)"
check "TSO off" guest_run d "ethtool -K eth0 tso off"
check "GRO_HW on" guest_run c "ethtool -K eth0 rx-gro-hw on"
rules_clear
forward_both pf0vf0 pf0vf1
size=$(frame_bytes c d)
check "d cuts for itself ($size bytes a frame)" test "$size" -le 1514 -a "$size" -gt 1000
check "and the card has seen no more ($(bytes_per_packet pf0vf1))" test "$(bytes_per_packet pf0vf1)" -le 1514
guest_run d 'ethtool -K eth0 tso on gro on' >/dev/null
check "c reaches d with all sizes of pings" guests_ping_sizes c d

guest_run c "(setsid iperf3 -c 10.0.0.4 -p 5202 -t 300 -b 400K -l 4K >/tmp/to 2>&1 </dev/null &)" >/dev/null
guest_run d "(setsid iperf3 -c 10.0.0.3 -p 5202 -t 300 -b 400K -l 4K >/tmp/to 2>&1 </dev/null &)" >/dev/null
for features in "tso off" "gro on" "rx-gro-hw off" "tx-checksum-ip-generic off" "tx-checksum-ip-generic on" "tso on" "rx-gro-hw on" "gro off"; do
	change "-K eth0 $features"
done
change "-L eth0 combined 4"
change "-L eth0 combined 2"
for table in "equal 1" "equal 2" "weight 1 7" "hkey $(printf '%02x:' {1..39})28" "default"; do
	change "-X eth0 $table"
done
change "-C eth0 rx-usecs 1000 rx-frames 64"
change "-C eth0 rx-usecs 0 rx-frames 1"
guest_run c 'pkill -x iperf3; iperf3 -s -D' >/dev/null
guest_run d 'pkill -x iperf3; iperf3 -s -D' >/dev/null

# What the changes mean.
# spread TABLE: how many datagrams of a fan-in come through the first queue, and the second.
spread() {
	local first second
	guest_run c "ethtool -X eth0 $1" >/dev/null
	first=$(queue_packets 0) second=$(queue_packets 1)
	fan_in
	in_first=$(($(queue_packets 0) - first)) in_second=$(($(queue_packets 1) - second))
}
spread "equal 1"
check_ge "a table of one queue: datagrams from 64 ports come through the first" 60 "$in_first"
check_eq "and none through the second" 0 "$in_second"
spread "equal 2"
check_ge "of two: some through the first" 8 "$in_first"
check_ge "some through the second" 8 "$in_second"
before=$(interrupts)
fan_in
plain=$(($(interrupts) - before))
guest_run c "ethtool -C eth0 rx-usecs 50000 rx-frames 1000" >/dev/null
before=$(interrupts)
fan_in
check "moderated interrupts are fewer: $(($(interrupts) - before)), not $plain" \
	test $((($(interrupts) - before) * 2)) -le "$plain"
guest_run c "ethtool -C eth0 rx-usecs 0 rx-frames 1" >/dev/null
check "2 MiB over TCP from c arrive at d as they were sent" transfer c d 2
check "2 MiB over TCP from d arrive at c as they were sent" transfer d c 2
check_eq "rings stopped for a fault" 0 \
	"$(ethtool -S "$(rep pf0vf0)" | awk '/ring_err/ { n += $2 } END { print n + 0 }')"
vf_guests_down
check "the kernel has nothing to complain about" kernel_clean
