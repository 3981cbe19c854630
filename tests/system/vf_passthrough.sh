#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VF is a virtio network device of its own: a guest has one by vfio-pci, drives it with the stock
# driver, and is switched by rules on its representor; what happens to it is nothing to the others.
# needs: iommu
# seconds: 600
# soc: rv64
. "$(dirname "$0")/lib.sh"
script_begin

card_up
check_eq "no VF at first" 0 "$(vf_count)"
check_not "nor a representor of one" rep pf0vf0
check "two VFs are made" vf_set 2
check_eq "they are modern virtio network devices" 2 "$(vf_count)"
for n in 0 1; do
	check "VF $n has a representor" rep "pf0vf$n"
	check_eq "VF $n is alone in its IOMMU group" 1 \
		"$(ls "/sys/bus/pci/devices/$(vf_bdf $n)/iommu_group/devices" | wc -l)"
	ip link set "$(rep "pf0vf$n")" up
done
check "devlink calls the port a VF's" sh -c "devlink port show | grep -q 'flavour pcivf.* vfnum 1'"

mac=52:54:00:dd:00:04 pf=$(pf_netdev)
check "VF 1 is given an address" ip link set "$pf" vf 1 mac $mac
check "which ip shows" sh -c "ip link show $pf | grep -q 'vf 1 .*$mac.*link-state enable'"
check_not "there is no VF 2 to give one to" ip link set "$pf" vf 2 mac $mac
check_not "nor can it be a group's" ip link set "$pf" vf 1 mac 01:00:5e:00:00:01

check "guest c boots with VF 0" guest_up_vf c 0 || die "no guest c"
check "guest d boots with VF 1" guest_up_vf d 1 || die "no guest d"
check "the guest's driver is the stock one" guest_run c "ethtool -i eth0 | grep -qx 'driver: virtio_net'"
check_eq "the address is the card's" "$(guest_run c 'cat /sys/class/net/eth0/address')" \
	"$(printf '52:54:00:78:76:%02x' 16)"
check_eq "or the one that was given" "$(guest_run d 'cat /sys/class/net/eth0/address')" $mac

rules_clear
before=$(host_packets "$(rep pf0vf0)")
check_not "without a rule nothing passes" guest_ping c 10.0.0.4 2
check_ge "what c sent came to its representor" $((before + 1)) "$(host_packets "$(rep pf0vf0)")"
check "rules between them" forward_both pf0vf0 pf0vf1
check "c reaches d" guest_ping c 10.0.0.4
before=$(host_packets "$(rep pf0vf0)")
check "with full frames" guest_run c "ping -c 3 -i 0.2 -W 2 -s 1472 10.0.0.4"
check_eq "the representor sees none of it" "$before" "$(host_packets "$(rep pf0vf0)")"
guest_run d 'iperf3 -s -D' >/dev/null
sleep 1
kbits=$(guest_iperf c '-c 10.0.0.4 -t 4')
check_ge "TCP from c to d, kbit/s" 1000 "$kbits"

carrier() { wait_for 10 guest_run c "grep -qx $1 /sys/class/net/eth0/carrier"; }
check "the representor of c goes down" ip link set "$(rep pf0vf0)" down
check "and c's link with it" carrier 0
check "vf state enable" ip link set "$pf" vf 0 state enable
check "brings it up" carrier 1
check "vf state disable" ip link set "$pf" vf 0 state disable
check "takes it down" carrier 0
check "the representor goes up" ip link set "$(rep pf0vf0)" up
check "and c's link with it" carrier 1

guest_run c '(timeout 20 ping -f -s 1000 10.0.0.4 >/dev/null 2>&1 &) ; sleep 1' >/dev/null
check "kill -9 of guest d under traffic" guest_kill d
sleep 1
check "guest c still answers" guest_run c true
check "the card still answers" card_running
check "the VF of the killed guest serves a new one" guest_up_vf d 1
check "c reaches the new d" wait_for 10 guest_ping c 10.0.0.4

# The function is reset behind the guest's back: its NIC is as after power-up, which it cannot know.
guest_run c '(timeout 20 ping -f -s 1000 10.0.0.4 >/dev/null 2>&1 &) ; sleep 1' >/dev/null
check "a function level reset of VF 1 under traffic" vf_reset 1
check_not "its queues are gone" guest_ping c 10.0.0.4 2
check "guest c still answers" guest_run c true
guest_kill d
check "VF 1 serves a new guest" guest_up_vf d 1
check "c reaches it" wait_for 10 guest_ping c 10.0.0.4

guest_stop c
check "VF 0 serves the server itself" vf_bind 0 virtio-pci
( vf_set 0 >/dev/null 2>&1; echo "$?" >"$state/vf_set" ) &
sleep 2
check_not "VFs do not go while guest d has one" test -e "$state/vf_set"
check "guest d still answers" guest_run d true
guest_kill d
check "then they do" wait_for 20 test -e "$state/vf_set"
check_eq "with success" 0 "$(cat "$state/vf_set")"
rm -f "$state/vf_set"
check_eq "none is left on the bus" 0 "$(vf_count)"
check_not "nor a representor" rep pf0vf0
check "64 of them" vf_set 64
check_eq "are on the bus" 64 "$(vf_count)"
check "the last one has a representor" rep pf0vf63
check "its registers answer" vf_bind 63 virtio-pci
check "all 64 go with the driver" timeout 60 rmmod xvio
check_eq "none is left on the bus" 0 "$(vf_count)"
check "the driver loads again" driver_load
check "the kernel has nothing to complain about" kernel_clean
