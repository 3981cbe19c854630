#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a guest's stock driver negotiates, over vDPA and over a VF, is what the card then runs: for each set of
# ring features the bits stand in the guest's sysfs, and its packets arrive as they were sent.
# needs: iommu
# seconds: 900
# soc: native
. "$(dirname "$0")/lib.sh"
script_begin

# check_features WHAT NAME BIT=0|1...: of what the guest's driver has accepted.
check_features() {
	local what=$1 accepted want
	accepted=$(guest_run "$2" 'cat /sys/class/net/eth0/device/features')
	shift 2
	for want in "$@"; do
		check_eq "$what: feature ${want%=*}" "${want#*=}" "${accepted:${want%=*}:1}"
	done
}

# check_traffic WHAT NAME: pings, and 1 MiB each way, compared. The peer is guest b.
check_traffic() {
	local what=$1 name=$2
	check "$what: pings" guest_ping "$name" 10.0.0.2
	check "$what: full frames" guest_run "$name" "ping -c 3 -i 0.2 -W 2 -s 1472 10.0.0.2"
	check "$what: 1 MiB to the peer" transfer "$name" b 1
	check "$what: and back" transfer b "$name" 1
}

# vdpa_case WHAT PROPERTIES BIT=0|1...: guest c on v2, whose virtio-net-pci has these properties.
vdpa_case() {
	local what=$1 properties=$2
	shift 2
	guest_stop c
	vdpa_bind v2 vhost_vdpa && wait_for 5 vdpa_chardev v2 || { fail "$what: no device"; return; }
	guest_boot c -netdev "vhost-vdpa,vhostdev=$(vdpa_chardev v2),id=n0" \
		-device "virtio-net-pci,netdev=n0,romfile=,mac=$(vdpa_mac v2)$properties"
	guest_up c || { fail "$what: guest c does not boot"; return; }
	guest_run c "ip addr add 10.0.0.3/24 dev eth0 && ip link set eth0 up"
	check_features "$what" c "$@"
	check_traffic "$what" c
}

card_up
guests_up a b # v0 and v1: representors are numbered as devices are made
vdpa_add v2 "$(guest_mac c)" device_features "$all_features" || die "no v2"
wait_for 5 rep pf0sf2 && ip link set "$(rep pf0sf2)" up
rules_clear
check "rules between the guests" forward_both pf0sf2 pf0sf1

vdpa_case "all that there is" "" 28=1 29=1 32=1 33=0 34=0 35=0 40=0
vdpa_case "no event index" ",event_idx=off" 28=1 29=0
vdpa_case "packed rings, no indirect descriptors" ",packed=on,indirect_desc=off" 28=0 29=1 34=1

# A device that nobody asked for more, with which QEMU can move its guest.
guest_stop c
check "the device goes" vdpa_del v2
vdpa_add v2 "$(guest_mac c)" || die "no v2"
wait_for 5 rep pf0sf2 && ip link set "$(rep pf0sf2)" up
rules_clear
check "rules between the guests" forward_both pf0sf2 pf0sf1
vdpa_case "as it comes" ",packed=on" 11=1 15=1 17=1 28=0 29=1 34=0 56=0
check_eq "as it comes: QEMU sees no reason against a migration" "" "$(guest_qmp c query-migrate '' | grep -o 'blocked.*')"

# The same from the card's side: a device that offers less. Bits 3, 5, 16, 32 and 33.
guest_stop c
check "the device goes" vdpa_del v2
check "one that offers next to nothing" vdpa dev add name v2 mgmtdev "$(card_handle)" mac "$(guest_mac c)" \
	mtu 1500 device_features 0x300010028
wait_for 5 rep pf0sf2 && ip link set "$(rep pf0sf2)" up
rules_clear
check "rules between the guests" forward_both pf0sf2 pf0sf1
vdpa_case "plain" ",packed=on" 28=0 29=0 34=0
guest_stop c
check_not "a bit that the card does not know is refused" \
	vdpa dev add name v3 mgmtdev "$(card_handle)" device_features 0x8300010028

# A device that stands by for another, whose frames go nowhere.
standby_case() {
	vdpa_del v2
	check "one that stands by" vdpa dev add name v2 mgmtdev "$(card_handle)" mac "$(guest_mac c)" \
		mtu 1500 device_features 0x4000000300010028
	wait_for 5 rep pf0sf2 && ip link set "$(rep pf0sf2)" up
	rules_clear
	forward_both pf0sf2 pf0sf1 || return 1
	vdpa_bind v2 vhost_vdpa && wait_for 5 vdpa_chardev v2 || return 1
	guest_boot c -netdev "vhost-vdpa,vhostdev=$(vdpa_chardev v2),id=n0" -netdev hubport,hubid=1,id=n1 \
		-device "virtio-net-pci,netdev=n0,id=standby,romfile=,mac=$(guest_mac c),failover=on" \
		-device pcie-root-port,id=hotplug0,bus=pcie.0,chassis=1 \
		-device "vmxnet3,netdev=n1,id=primary,romfile=,bus=hotplug0,mac=$(guest_mac c),failover_pair_id=standby"
	guest_up c || return 1
	guest_run c "ip addr add 10.0.0.3/24 dev eth0 && ip link set eth0 up"
	check_eq "standby: the guest's Linux has made a failover device" net_failover \
		"$(guest_run c "ethtool -i eth0 | sed -n 's/driver: //p'")"
	check_traffic "standby alone" c
	check "standby: the primary device comes" guest_run c \
		"modprobe vmxnet3; for i in {1..50}; do [ -e /sys/class/net/eth0/lower_eth2 ] && exit; sleep 0.2; done; exit 1"
	check_not "standby: and takes the frames" guest_ping c 10.0.0.2 2
	check "standby: it is unplugged" guest_qmp c device_del '"id": "primary"'
	check "standby: and goes" wait_for 30 guest_run c "[ ! -e /sys/class/net/eth2 ]"
	check_traffic "standby again" c
}
standby_case || fail "standby: guest c does not come up"
guest_stop c
vdpa_del v2

# A VF's driver accepts what it knows of all that the card has.
check "a VF" vf_set 1
ip link set "$(rep pf0vf0)" up
rules_clear
check "rules between VF 0 and guest b" forward_both pf0vf0 pf0sf1
check "guest d boots with VF 0" guest_up_vf d 0 || die "no guest d"
check_features "VF" d 28=1 29=1 32=1 33=1 34=1 36=1 38=1 40=1
check_traffic "VF" d
guest_stop d
vf_set 0
check "the kernel has nothing to complain about" kernel_clean
