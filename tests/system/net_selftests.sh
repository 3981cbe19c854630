#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own selftests/drivers/net/virtio_net, unchanged, on two vDPA devices that are the server's
# own NICs, connected by rules. Their feature filter is a file of a debug kernel: virtio_filter.ko has it.
# soc: native
# seconds: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

card_up
check "the disk with the kernel's tests is there" clients_mount || die "no disk"
nics=() devices=() reps=()
for n in 6 7; do
	device_add v$n 52:54:00:cc:00:0$n || die "no vDPA device"
	reps+=("$new_rep")
	check "device v$n is a NIC of the server" eval "vdpa_bind v$n virtio_vdpa && wait_for 5 vdpa_netdev v$n"
	nics+=("$(vdpa_netdev v$n)")
	devices+=("$(basename "$(readlink -f "/sys/class/net/${nics[-1]}/device")")")
done
rules_clear
check "rules between them" forward_both "${reps[@]}"
check "the filter loads" insmod $xvio/virtio_filter.ko devices="${devices[0]},${devices[1]}"

# The script wants IPv6 and vrf. What it said is kept: each of its lines is a claim.
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
modprobe vrf
rc=0
out=$(cd $clients/selftests/drivers/net/virtio_net &&
	timeout 150 ./basic_features.sh "${nics[@]}" 2>&1) || rc=$?
while IFS= read -r line; do
	case $line in
	TEST:*'[ OK ]') pass "basic_features: $(sed 's/^TEST: *//; s/ *\[.*//' <<<"$line")" ;;
	TEST:*'[SKIP]') skip "basic_features: $(sed 's/^TEST: *//; s/ *\[.*//' <<<"$line")" ;;
	TEST:*) fail "basic_features: $line" ;;
	esac
done <<<"$out"
check_eq "basic_features.sh ends well" 0 $rc || note "$out"
check_eq "both of its tests have run" 2 "$(grep -c '^TEST:.*\[ OK \]' <<<"$out")"
[ "$num_failed" -eq 0 ] || tail -n 20 <<<"$out" | sed 's/^/  | /'

rmmod virtio_filter
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
check "the devices go" eval "vdpa_del v6 && vdpa_del v7"
clients_clear
check "the kernel has nothing to complain about" kernel_clean
