#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An address outside the map a device was given is refused by the card and counted, its queue
# stops; the two guests beside it lose no packet. Then the same device works again.
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

card_up
guests_up a b
rules_clear
forward_both pf0sf0 pf0sf1 || die "the rules between a and b"
check "a reaches b" guest_ping a 10.0.0.2
check "a third device" vdpa_add v2 52:54:00:bb:00:01
wait_for 5 rep pf0sf2 || die "no representor for it"
C=$(rep pf0sf2)
ip link set "$C" up
total=$(counter "$(pf_netdev)" iotlb_refused)
bystanders_start

check_probe_good
check_eq "and counts no refusal" 0 "$(counter "$C" iotlb_refused)"
check_refused outside iotlb_refused "a buffer outside the map"
check_refused past_end iotlb_refused "a buffer that ends outside the map"
check_refused wrap iotlb_refused "a buffer that wraps around the address space"
check_refused table_outside iotlb_refused "a ring outside the map"
check_ge "the card's own sum has them, too" 4 \
	$(($(counter "$(pf_netdev)" iotlb_refused) - total))
check_probe_good

bystanders_well "a and b have lost nothing meanwhile"
check "the third device goes" vdpa_del v2
check "the kernel has nothing to complain about" kernel_clean
