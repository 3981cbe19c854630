#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VF reaches the memory of whoever has it, and no other: the server's IOMMU refuses the rest, the queue
# stops, the card counts it; the other VF goes on.
# needs: iommu
# seconds: 120
. "$(dirname "$0")/lib.sh"
script_begin

# vf_probe MODE: what VF 0 made of it, in probe_status and probe_used.
probe_vf() {
	local out
	out=$(timeout 20 vf_probe "$(vf_bdf 0)" "$1" 2>&1) || { note "$out"; return 1; }
	read -r _ probe_status _ probe_used <<<"$out"
}
faults() { kernel_said | grep -c 'DMAR.*fault addr'; }

card_up
check "two VFs are made" vf_set 2
check "VF 0 is there for the probe" vf_bind 0 vfio-pci
check "VF 1 is the server's own" vf_bind 1 virtio-pci
R=$(rep pf0vf0)
ip link set "$R" up

before=$(counter "$R" card_rx_packets)
probe_vf good || die "vf_probe does not run"
check_eq "a frame in its own memory is taken" 1 "$probe_used"
check_eq "and sent" 1 $(($(counter "$R" card_rx_packets) - before))
check_eq "the IOMMU has nothing to say" 0 "$(faults)"

before=$(counter "$R" dma_error)
probe_vf outside || die "vf_probe does not run"
check_eq "a frame in others' memory is not taken" 0 "$probe_used"
check "the device asks for a reset (status $probe_status)" test $((probe_status & 0x40)) -ne 0
check_ge "the card counts a refusal by the bus" 1 $(($(counter "$R" dma_error) - before))
check_ge "it was the IOMMU" 1 "$(faults)"
check "in the name of the VF" eval \
	"kernel_said | grep 'DMAR.*Request device .$(vf_bdf 0 | cut -d : -f 2-).*fault addr 0x10000000'"

probe_vf good || die "vf_probe does not run"
check_eq "the same VF works when it behaves" 1 "$probe_used"
check "the card still answers" card_running
check "all VFs go" vf_set 0
check_not "the kernel complains of nothing else" eval \
	"kernel_said | grep -E 'BUG|WARNING|Oops|Call Trace|hung task|leak'"
