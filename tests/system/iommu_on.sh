#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The server's IOMMU stands between the card and its memory: everything works, and no DMA faults.
# needs: iommu
# seconds: 600
# soc: rv64
. "$(dirname "$0")/lib.sh"
script_begin

check "the kernel uses the IOMMU" test -e /sys/class/iommu/dmar0
check "the card is in a group of it" test -e "/sys/bus/pci/devices/$(card_bdf)/iommu_group"
check_eq "and its DMA is translated" DMA "$(cut -d - -f 1 "/sys/bus/pci/devices/$(card_bdf)/iommu_group/type")"
card_up
guests_up a b
world_up 0
rules_clear
check "rules between a and b" forward_both pf0sf0 pf0sf1
check "a reaches b" guest_ping a 10.0.0.2
check "2 MiB over TCP arrive as they were sent" transfer a b 2
rules_clear
check "rules between b and uplink 0" forward_both pf0sf1 p0
check "b reaches the world" guest_ping b 10.0.0.100
ip addr add 10.0.0.200/24 dev "$(rep pf0sf0)"
check "the server answers a through the representor" guest_ping a 10.0.0.200
ip addr del 10.0.0.200/24 dev "$(rep pf0sf0)"

check "a third device" vdpa_add v2 52:54:00:bb:00:01
wait_for 5 rep pf0sf2 || die "no representor for it"
check_refused outside iotlb_refused "a buffer outside the map"
check "the third device goes" vdpa_del v2

guests_clear
check "the driver unloads" timeout 20 rmmod xvio
check "the driver loads" driver_load
card_up
check "two vDPA devices come up as the server's own NICs (virtio_vdpa)" peers_up
check "and packets pass between them" peers_talk
peers_clear
check_not "the IOMMU has caught no stray DMA" eval "kernel_said | grep -i 'DMAR.*fault'"
check "the kernel has nothing to complain about" kernel_clean
