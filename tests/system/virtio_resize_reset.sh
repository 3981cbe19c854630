#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rings that come and go under traffic: a guest on a VF changes their sizes (each queue is reset and enabled
# anew), and unbinds and binds its driver (the device is reset); what it sends afterwards arrives as it was sent.
# needs: iommu
# soc: native
# seconds: 900
. "$(dirname "$0")/lib.sh"
script_begin

ring_size() { guest_run c "ethtool -g eth0 | awk '/^RX:/ { n = \$2 } END { print n }'"; }

# resize RX TX: while packets come and go.
resize() { guest_run c "ethtool -G eth0 rx $1 tx $2" 120; }

traffic_start() {
	guest_run c '(timeout 120 ping -f -s 1000 10.0.0.4 >/dev/null 2>&1 &)
		(timeout 120 iperf3 -c 10.0.0.4 -t 100 >/dev/null 2>&1 &) ; sleep 1' >/dev/null
}
traffic_stop() { guest_run c 'pkill -x ping; pkill -x iperf3; sleep 0.5' >/dev/null; }

card_up
vf_guests_up
check "c reaches d" guest_ping c 10.0.0.4
guest_run d 'iperf3 -s -D' >/dev/null

check_eq "the ring has 256 places" 256 "$(ring_size)"
traffic_start
for size in 128 64 256 32 100 256; do
	check "rings of $size places, under traffic" resize $size $size
	check_eq "the ring is as long" $size "$(ring_size)"
	check "c reaches d" wait_for 5 guest_ping c 10.0.0.4
done
for round in 1 2 3 4 5 6 7 8 9 10; do
	resize 64 128 >/dev/null && resize 256 256 >/dev/null || fail "resize, round $round"
done
traffic_stop
check_eq "the device did not ask for a reset" 0 "$(guest_run c 'dmesg | grep -ci "needs reset"')"
check "4 MiB arrive as they were sent" transfer c d 4

for round in 1 2 3; do
	traffic_start
	check "the driver lets go and comes back, under traffic ($round)" guest_run c '
		dev=$(basename $(readlink /sys/class/net/eth0/device))
		echo $dev >/sys/bus/virtio/drivers/virtio_net/unbind &&
			echo $dev >/sys/bus/virtio/drivers/virtio_net/bind && sleep 1 &&
			ip addr add 10.0.0.3/24 dev eth0 && ip link set eth0 up' 120
	traffic_stop
	check "c reaches d" wait_for 5 guest_ping c 10.0.0.4
done
check "4 MiB arrive as they were sent" transfer c d 4
check_eq "rings stopped for a fault" 0 \
	"$(ethtool -S "$(rep pf0vf0)" | awk '/ring_err/ { n += $2 } END { print n + 0 }')"
vf_guests_down

# A guest over vDPA is not offered the reset of a queue: QEMU would not carry it out.
guests_up a b
check "rules between a and b" forward_both pf0sf0 pf0sf1
check_not "a cannot change its rings" guest_run a "ethtool -G eth0 rx 64 tx 64"
check "and goes on with those it has" guest_ping a 10.0.0.2
check "the kernel has nothing to complain about" kernel_clean
