#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DPDK's driver in a guest, without Linux's: testpmd answers pings on a VF and on vDPA devices, each with
# the rings and the way of receiving that its device was offered. All pings come back as they were sent,
# are counted by testpmd and by the card.
# needs: iommu
# soc: rv64
# seconds: 420
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

pings=400
# name, properties of QEMU's virtio-net, options of DPDK's device, path that testpmd tells
ways=(
	"split|packed=off,mrg_rxbuf=off||standard Rx path"
	"vectorized|packed=off,mrg_rxbuf=off|vectorized=1|vectorized Rx path"
	"mergeable|packed=off,mrg_rxbuf=on||mergeable buffer Rx path"
	"in order|packed=off,in_order=on,mrg_rxbuf=off||inorder Rx path"
	"packed|packed=on,mrg_rxbuf=off||packed ring standard Rx path"
	"packed, mergeable|packed=on,mrg_rxbuf=on||packed ring mergeable buffer Rx path"
)

card_up
check "the disk with other guests is there" clients_mount || die "no disk"
guests_clear
peer_up 0 || die "no NIC of the server's own on the card"

# Devices v4, v5, ... for the ways there are; the VF is the last port of testpmd. v0 is the server's NIC.
names=() nics=() allow=() paths=() reps=()
dev_mac() { printf '52:54:00:aa:01:%02x' "$1"; }
add_way() {
	local name=$1 properties=$2 options=$3 n=${#names[@]} dev node slot
	dev=v$((n + 4)) slot=$(printf '%x' $((n + 16)))
	device_add "$dev" "$(dev_mac "$n")" device_features "$all_features" && vdpa_bind "$dev" vhost_vdpa && wait_for 5 vdpa_chardev "$dev" || return 1
	node=$(vdpa_chardev "$dev")
	wait_for 5 test -c "$node" || return 1
	nics+=(-netdev "vhost-vdpa,vhostdev=$node,id=n$n"
		-device "virtio-net-pci,netdev=n$n,romfile=,disable-legacy=on,addr=$slot,mac=$(dev_mac "$n"),$properties")
	allow+=(-a "00:$slot.0${options:+,$options}")
	names+=("$name") paths+=("$4") reps+=("$new_rep")
}
for way in "${ways[@]}"; do
	IFS='|' read -r name properties options path <<<"$way"
	add_way "$name" "$properties" "$options" "$path" || die "no vDPA device for $name"
done
check "a VF is made" vf_set 1
check "which vfio-pci takes" vf_bind 0 vfio-pci
nics+=(-device "vfio-pci,host=$(vf_bdf 0),addr=18") allow+=(-a 00:18.0)
names+=("the VF") paths+=(".*Rx path") reps+=(pf0vf0)

rules_clear
switch() {
	local n
	for n in "${!names[@]}"; do
		ip link set "$(rep "${reps[n]}")" up && forward "${reps[n]}" pf0sf0 &&
			rule pf0sf0 $((n + 10)) all dst_mac "${macs[n]}" -- mirred egress redirect dev "$(rep "${reps[n]}")" ||
			return 1
	done
}

guest_initrd_with $clients/dpdk/testpmd.cpio
guest_memory=448
guest_boot g "${nics[@]}"
check "guest g boots, with ${#names[@]} devices" guest_up g || die "no guest g"
macs=()
for n in "${!names[@]}"; do
	macs+=("$(guest_run g "cat /sys/bus/pci/devices/0000:${allow[n * 2 + 1]:0:7}/virtio*/net/*/address")")
	note "${names[n]}: ${macs[n]}, features $(guest_run g "cat /sys/bus/pci/devices/0000:${allow[n * 2 + 1]:0:7}/virtio*/features")"
done
check "rules between the NIC and each device" switch
check "Linux lets the devices go" guest_run g '
	echo 40 >/proc/sys/vm/nr_hugepages; mkdir -p /dev/hugepages; mount -t hugetlbfs none /dev/hugepages
	for dev in /sys/bus/pci/devices/*:00:1?.0; do
		[ "$(cat $dev/class)" = 0x020000 ] || continue
		name=${dev##*/}
		echo uio_pci_generic >$dev/driver_override && echo $name >$dev/driver/unbind &&
			echo $name >/sys/bus/pci/drivers_probe && [ "$(basename $(readlink $dev/driver))" = uio_pci_generic ] || exit 1
	done' 40 || die "the devices stay Linux's"

guest_run g "mkfifo /tmp/in; (sleep 1000 >/tmp/in 2>/dev/null &) ; (dpdk-testpmd --lcores 0@0,1@0 --no-telemetry -m 64 \
	--log-level=pmd.net.virtio.*:info ${allow[*]} -- -i --nb-cores=1 --total-num-mbufs=4096 --rxd=128 --txd=128 \
	--forward-mode=icmpecho </tmp/in >/tmp/out 2>&1 &)" >/dev/null
check "testpmd starts" wait_for 60 guest_run g 'grep -q "testpmd>" /tmp/out' || {
	guest_run g 'tail -n 20 /tmp/out'
	die "no testpmd"
}
guest_run g 'echo start >/tmp/in' >/dev/null
for n in "${!names[@]}"; do
	ip -n peer0 neigh replace "10.0.1.$((n + 100))" lladdr "${macs[n]}" dev nic nud permanent
done

for n in "${!names[@]}"; do
	name=${names[n]}
	check "$name: testpmd has the path meant" \
		guest_run g "grep -q 'using ${paths[n]} on port $n\$' /tmp/out"
	check "$name: no ping of $pings is lost or changed" eval \
		"ip netns exec peer0 ping -q -A -c $pings -s 300 -W 2 10.0.1.$((n + 100)) | grep ' 0% packet loss'"
	check "$name: nor of those with full frames" eval \
		"ip netns exec peer0 ping -q -A -c 50 -s 1472 -W 2 10.0.1.$((n + 100)) | grep ' 0% packet loss'"
	check_ge "$name: the card counted what went in" $((pings + 50)) "$(rule_packets pf0sf0 $((n + 10)))"
done
guest_run g 'echo stop >/tmp/in; sleep 1; echo "show port stats all" >/tmp/in; echo quit >/tmp/in' >/dev/null
check "testpmd ends" wait_for 30 guest_run g 'tail -n 2 /tmp/out | grep -q Bye' || guest_run g 'tail -n 5 /tmp/out'
for n in "${!names[@]}"; do
	counts=$(guest_run g "sed -n '/NIC statistics for port $n /,/Throughput/p' /tmp/out" |
		grep -oE '[RT]X-packets: [0-9]+' | tr '\n' ' ')
	check_eq "${names[n]}: testpmd counted the same" "RX-packets: $((pings + 50)) TX-packets: $((pings + 50)) " "$counts"
done

guest_stop g
peers_clear 2>/dev/null
check "the VF goes" vf_set 0
clients_clear
check "the kernel has nothing to complain about" kernel_clean
