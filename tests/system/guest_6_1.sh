#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests with another line of kernels, 6.1 as Debian 12 has it, on a vDPA device and on a VF: pings of
# all sizes, TCP bytes, the driver removed and loaded again, the link seen to go down and up.
# needs: iommu
# soc: rv64
# seconds: 420
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

card_up
check "the disk with other guests is there" clients_mount || die "no disk"
guest_initrd_with $clients/linux-old/modules.cpio $clients/linux-old/vmlinux
guest_memory=256

check "a VF is made" vf_set 1
ip link set "$(rep pf0vf0)" up
device_add "$(guest_dev e)" "$(guest_mac e)" || die "no vDPA device"
check "guest e boots on the vDPA device" guest_start e "$(guest_dev e)"
check "guest f boots on the VF" guest_up_vf f 0 || die "no guest f"
guest_up e || die "no guest e"
guest_run e "ip addr add $(guest_ip e)/24 dev eth0 && ip link set eth0 up" || die "guest e has no eth0"
for g in e f; do
	check "the kernel of $g is 6.1, its driver the stock one" \
		guest_run $g "uname -r | grep -q '^6\.1\.' && ethtool -i eth0 | grep -qx 'driver: virtio_net'"
	note "features of $g: $(guest_run $g 'cat /sys/class/net/eth0/device/features')"
done

rules_clear
check_not "without rules e does not reach f" guest_ping e "$(guest_ip f)" 1
check "rules between them" forward_both "$new_rep" pf0vf0
check "e reaches f with all sizes of pings" guests_ping_sizes e f
check "f reaches e with all sizes of pings" guests_ping_sizes f e
check "2 MiB over TCP from e arrive at f as they were sent" transfer e f 2
check "2 MiB over TCP from f arrive at e as they were sent" transfer f e 2

# The link of a port goes down with its representor.
carrier() { wait_for 10 guest_run "$1" "grep -qx $2 /sys/class/net/eth0/carrier"; }
for g in e:"$new_rep" f:pf0vf0; do
	ip link set "$(rep "${g#*:}")" down
	check "the link of ${g%:*} goes down" carrier "${g%:*}" 0
	ip link set "$(rep "${g#*:}")" up
	check "and up" carrier "${g%:*}" 1
done
check "e reaches f after that" wait_for 10 guest_ping e "$(guest_ip f)" 1

for g in e f; do
	check "the driver of $g goes and comes back, three times" guest_run $g "
		for n in 1 2 3; do rmmod virtio_net && [ ! -e /sys/class/net/eth0 ] && modprobe virtio_net || exit 1; done
		ip addr add $(guest_ip $g)/24 dev eth0 && ip link set eth0 up" 40
done
check "e reaches f with all sizes of pings again" guests_ping_sizes e f
check "1 MiB over TCP from f arrive at e as they were sent" transfer f e 1

guest_stop e
guest_stop f
check "the vDPA device goes" vdpa_del "$(guest_dev e)"
check "the VF goes" vf_set 0
clients_clear
check "the kernel has nothing to complain about" kernel_clean
