#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose only disk is the network: the PC BIOS runs iPXE, which drives the card's VF, asks for an
# address and fetches Linux from beyond an uplink; then Linux's own driver works on the same function.
# Kernel and root file system come by HTTP: TFTP waits for an answer to each packet, and here that is long.
# needs: iommu
# soc: rv64
# seconds: 420
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

card_up
check "the disk with other guests is there" clients_mount || die "no disk"
check "the world is there" world_up 0
netboot_start || die "no network to boot from"
check "a VF is made" vf_set 1
ip link set "$(rep pf0vf0)" up
check "which vfio-pci takes" vf_bind 0 vfio-pci
rules_clear
check "rules between the VF and uplink 0" forward_both pf0vf0 p0

guest_load=(-bios bios-256k.bin) guest_memory=320
guest_boot f -device "vfio-pci,host=$(vf_bdf 0),bootindex=0,romfile=$clients/netboot/virtio.rom"
check "iPXE is given an address" wait_for 90 netboot_said 'DHCPACK.*10\.0\.0\.'
check "and asks for its script" wait_for 30 netboot_said 'boot\.ipxe'
check "then for Linux" wait_for 120 netboot_said '/initrd'
check "Linux boots from what iPXE has fetched" guest_up f 180 || die "no guest f"
note "$(cat "$state/guest-f/console.log" | tr -d '\r\033' | grep -aoE 'iPXE [0-9.+]+|http://[^ ]*' | sort -u | tr '\n' ' ')"
check "it has no disk" guest_run f 'test ! -e /dev/vda'
check "Linux's driver has the same function" \
	guest_run f "ip addr add $(guest_ip f)/24 dev eth0 && ip link set eth0 up && ethtool -i eth0 | grep -qx 'driver: virtio_net'"
mac=$(guest_run f 'cat /sys/class/net/eth0/address')
check_ge "whose address is the one that iPXE had" 1 "$(netboot_said "DHCPACK.* $mac")"
check "and reaches the world" guest_ping f 10.0.0.100
check "with full frames" guest_run f 'ping -c 3 -i 0.2 -W 2 -s 1472 10.0.0.100'
check "which reaches it" world_run 0 ping -c 3 -i 0.2 -W 2 "$(guest_ip f)"
check "a file comes as it is" guest_run f \
	"busybox wget -q -O - http://10.0.0.100/ipxe.efi | md5sum | grep -q $(md5sum <$clients/netboot/ipxe.efi | cut -d ' ' -f 1)"

guest_stop f
netboot_stop
check "the VF goes" vf_set 0
clients_clear
check "the kernel has nothing to complain about" kernel_clean
