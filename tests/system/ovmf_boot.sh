#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest with UEFI firmware (OVMF), whose own driver, VirtioNetDxe, drives a vDPA device: DHCP and a
# file by TFTP; what that file does (iPXE) fetches Linux, whose driver then works on the same device.
# soc: rv64
# seconds: 800
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

card_up
check "the disk with other guests is there" clients_mount || die "no disk"
check "the world is there" world_up 0
netboot_start || die "no network to boot from"
device_add "$(guest_dev e)" "$(guest_mac e)" || die "no vDPA device"
rules_clear
check "rules between it and uplink 0" forward_both "$new_rep" p0

cp $clients/netboot/OVMF_VARS_4M.fd "$state/vars.fd"
guest_load=(-drive "if=pflash,format=raw,readonly=on,file=$clients/netboot/OVMF_CODE_4M.fd"
	-drive "if=pflash,format=raw,file=$state/vars.fd") guest_memory=320
guest_nic=romfile=,disable-legacy=on,bootindex=0
check "guest e starts" guest_start e "$(guest_dev e)" || die "no guest e"
check "UEFI is given an address" wait_for 300 netboot_said "DHCPACK.* $(guest_mac e)"
check_ge "by a PXE client of the UEFI kind" 1 "$(netboot_said 'vendor class: PXEClient:Arch:00007')"
check "and has the boot file, all of it" wait_for 60 netboot_said 'sent .*/ipxe\.efi to 10\.0\.0\.'
check "which runs, and asks for its script" wait_for 60 netboot_said 'boot\.ipxe'
check "then for Linux" wait_for 300 netboot_said '/initrd'
check "Linux boots from what it has fetched" guest_up e 180 || die "no guest e"
check "by UEFI" guest_run e 'test -d /sys/firmware/efi'
check "Linux's driver has the device" \
	guest_run e "ip addr add $(guest_ip e)/24 dev eth0 && ip link set eth0 up && ethtool -i eth0 | grep -qx 'driver: virtio_net'"
check "and reaches the world" guest_ping e 10.0.0.100
check "which reaches it, with full frames" world_run 0 ping -c 3 -i 0.2 -W 2 -s 1472 "$(guest_ip e)"

guest_stop e
netboot_stop
rm -f "$state/vars.fd"
check "the vDPA device goes" vdpa_del "$(guest_dev e)"
clients_clear
check "the kernel has nothing to complain about" kernel_clean
