#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each operation that the kernel can ask of a vDPA device: suspend, resume and places of queues to the entry, split and
# packed; groups in address spaces; the doorbell's page, mapped by a program and by a guest's QEMU; interrupts that
# belong to one queue; notifications that carry data. vdpa_probe.c makes most of the claims.
# seconds: 400
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_clear
check "a device with all that there is" vdpa_add v0 "$(guest_mac a)" device_features "$all_features"
check "and another" vdpa_add v1 "$(guest_mac b)" device_features "$all_features"
check "by vhost" vdpa_bind v0 vhost_vdpa
wait_for 5 vdpa_chardev v0 || die "no node for it"
for ring in split packed; do
	xvio_probe=$(timeout 60 $xvio/vdpa_probe "$(vdpa_chardev v0)" $ring 2>&1) || num_failed=$((num_failed + 1))
	echo "$xvio_probe"
	check_ge "$ring: so many claims" 18 "$(grep -c '^pass' <<<"$xvio_probe")"
done

# Guests whose QEMU hands the doorbells through; a's rings are packed.
rules_clear
check "rules between the devices" forward_both pf0sf0 pf0sf1
for n in 0 1; do ip link set "$(rep pf0sf$n)" up; done
guest_nic=romfile=,page-per-vq=on
check "guest b starts" guest_start b v1 || die "no guest b"
guest_nic=romfile=,page-per-vq=on,packed=on
check "guest a starts" guest_start a v0 || die "no guest a"
guest_up a && guest_up b || die "a guest does not boot"
for g in a b; do
	guest_run $g "ip addr add $(guest_ip $g)/24 dev eth0 && ip link set eth0 up"
done
features=$(guest_run a 'cat /sys/class/net/eth0/device/features')
check_eq "a's rings are packed" 1 "${features:34:1}"
check "a reaches b" guest_ping a 10.0.0.2
check "1 MiB from a to b" transfer a b 1
check "and back" transfer b a 1
for g in a b; do
	check_ge "doorbells that are mapped into $g's QEMU" 2 \
		"$(grep -c "$(basename "$(vdpa_chardev "$(guest_dev $g)")")" "/proc/$(guest_pid $g)/maps")"
done
check_ge "notifications that the card has seen of a" 10 \
	"$(vdpa dev vstats show v0 qidx 1 | grep -o 'notifications [0-9]*' | grep -o '[0-9]*')"
check_ge "vectors of one queue each" 4 "$(grep -c 'xvio-vq[0-9]' /proc/interrupts)"
guests_clear

# The server's own driver, with data in its notifications: kick_vq_with_data.
check "two devices as NICs of the server" eval 'peer_up 0 device_features "$all_features" && peer_up 1 device_features "$all_features"'
check "whose drivers send data with notifications" ip netns exec peer0 \
	grep -Eq '^.{38}1' /sys/class/net/nic/device/features
rules_clear
check "rules between them" forward_both pf0sf0 pf0sf1
check "they talk" peers_talk
peers_clear
check "the kernel has nothing to complain about" kernel_clean
