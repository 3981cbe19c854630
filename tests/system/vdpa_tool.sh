#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices are made, looked at and changed as people do it, with vdpa and devlink of stock iproute2; what cannot
# be is refused, the reason stands in the answer or in the kernel's log, and nothing is left behind.
# seconds: 300
. "$(dirname "$0")/lib.sh"
script_begin

add() { vdpa dev add name "$1" mgmtdev "$(card_handle)" "${@:2}"; }
# shows NAME TEXT: whether the device's configuration, as vdpa tells it, has this in it.
shows() { vdpa dev config show "$1" | tr '\n' ' ' | grep -Eq -- "$2"; }
# check_refused CLAIM OPTIONS...: the device is not made, and the kernel's log says why.
check_refused() {
	local claim=$1 why='command 0x40: .* (status' before
	shift
	before=$(kernel_said | grep -c "$why")
	check_not "$claim" add v9 "$@"
	check_ge "and the kernel's log says why" $((before + 1)) "$(kernel_said | grep -c "$why")"
	check_not "nothing is left of it" vdpa dev show v9
}

card_up
guests_clear
check "the card is a management device" sh -c "vdpa mgmtdev show $(card_handle) | grep -q 'supported_classes net'"
features=$(vdpa mgmtdev show "$(card_handle)" | grep dev_features)
note "$features"
for feature in CSUM HOST_TSO4 MRG_RXBUF CTRL_VQ MQ RSS RING_PACKED ACCESS_PLATFORM; do
	check "which can have $feature" grep -qw "$feature" <<<"$features"
done
check_eq "and 17 virtqueues at most" 17 "$(vdpa mgmtdev show "$(card_handle)" | sed -n 's/.*max_supported_vqs //p')"

check "a device without wishes" add v0
check "is shown" sh -c "vdpa dev show v0 | grep -q 'max_vqs 3 max_vq_size'"
check "with an address of its own" shows v0 'mac (.[2367abef]):'
check "an MTU, its link up" shows v0 'link up.* mtu 1500'
check_not "a second one of its name is refused" add v0
check "another with wishes: address, MTU, pairs" add v1 mac 52:54:00:cc:00:01 mtu 9000 max_vqp 4
check "has them" shows v1 'mac 52:54:00:cc:00:01 .*max_vq_pairs 4 mtu 9000'
check "and queues for them" sh -c "vdpa dev show v1 | grep -q 'max_vqs 9 '"
check "one that offers little" add v2 device_features 0x300010028
check "has a representor, as the others" eval "rep pf0sf0 && rep pf0sf1 && rep pf0sf2"
check_eq "each is a devlink port" 3 "$(devlink port show | grep -c 'flavour pcisf')"

check "its address can be changed" vdpa dev set name v0 mac 52:54:00:cc:00:77
check "and is the other one then" shows v0 'mac 52:54:00:cc:00:77'
check_not "not to one that is a group's" vdpa dev set name v0 mac 01:00:5e:00:00:01
check "it stays what it was" shows v0 'mac 52:54:00:cc:00:77'

dl=$(devlink port show | sed -n 's/^\([^ ]*\): .* pfnum 0 sfnum 0.*/\1/p')
check "devlink shows it, too" sh -c "devlink port show $dl | grep -q 'hw_addr 52:54:00:cc:00:77'"
check "and can change it" devlink port function set "$dl" hw_addr 52:54:00:cc:00:78
check "as vdpa shows" wait_for 5 shows v0 'mac 52:54:00:cc:00:78'
check_not "not to a group's" devlink port function set "$dl" hw_addr 01:00:5e:00:00:01
check "and back" devlink port function set "$dl" hw_addr 52:54:00:cc:00:77

check_refused "an MTU beyond the card's is refused" mtu 9999
check_refused "more pairs than there are" max_vqp 9
check_refused "an address that is a group's" mac 01:00:5e:00:00:01
check_refused "features without what they need" device_features 0x300000880
check_not "a feature that the card does not know" add v9 device_features 0x8300010028

check "one becomes a NIC of the server" vdpa_bind v0 virtio_vdpa
wait_for 5 vdpa_netdev v0
nic=$(vdpa_netdev v0)
check "with the address that it was given" grep -qx 52:54:00:cc:00:77 "/sys/class/net/$nic/address"
ip link set "$nic" up
check "vdpa tells what was negotiated" shows v0 'negotiated_features .*MRG_RXBUF.* CTRL_VQ'
ip addr add 10.0.7.1/24 dev "$nic"
ping -c 3 -i 0.2 -W 1 10.0.7.2 >/dev/null # nobody answers
stats=$(vdpa dev vstats show v0 qidx 1)
note "$stats"
check "what it sends its queue counts" grep -Eq 'packets [1-9]' <<<"$stats"
check "as JSON, too" sh -c "vdpa -jp dev vstats show v0 qidx 1 | grep -q '\"queue_type\": \"tx\"'"
check_not "there is no queue 3" vdpa dev vstats show v0 qidx 3
check_not "nothing is counted for one that nobody drives" vdpa dev vstats show v2 qidx 0

for dev in v0 v1 v2; do
	check "$dev goes" vdpa_del $dev
done
check_eq "none is left" 0 "$(vdpa dev show | wc -l)"
check_not "nor a representor" rep pf0sf0
check "the kernel has nothing to complain about" kernel_clean
