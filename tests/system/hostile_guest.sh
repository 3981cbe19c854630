#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests' TCP goes on beside drivers that misuse a VF and a vDPA device of the same card without
# end (hostile_probe): it never stops for long, its bytes arrive as sent, and the misused devices
# work again after a reset.
# needs: iommu
# seconds: 600
# soc: native
. "$(dirname "$0")/lib.sh"
script_begin

seconds=60 seed=${HOSTILE_SEED:-1}

# misuse KIND DEVICE SEED SECONDS: runs in the background; what it did is in $state/hostile-KIND.
misuse() { hostile_probe "$@" >"$state/hostile-$1" 2>&1 & }

# did KIND WHAT: a number of what it did.
did() { awk -v w="$2" '{ for (i = 1; i < NF; i++) if ($i == w) n = $(i + 1) } END { print n + 0 }' \
	"$state/hostile-$1"; }

# ring_errors REP: all that the card has refused of a port's rings.
ring_errors() { ethtool -S "$1" | awk '$1 ~ /^(ring_err_|iotlb_refused|dma_error)/ { n += $2 } END { print n + 0 }'; }

# rates: kbit/s of the transfer, second by second.
rates() { guest_run a "awk '/sender|receiver/ { exit } / sec / { printf \"%d \", \$7 }' /tmp/iperf"; }

# longest_gap: seconds of the transfer in a row in which nothing was sent. (Small blocks, no more than
# what the slowest card carries: a second without one is one in which nothing could be sent.)
longest_gap() {
	guest_run a "awk '/sender|receiver/ { exit } / sec / { gap = \$7 + 0 > 0 ? 0 : gap + 1
		if (gap > most) most = gap } END { print most + 0 }' /tmp/iperf"
}

card_up
guests_up a b
rules_clear
check "rules between a and b" forward_both pf0sf0 pf0sf1
check "a VF for the hostile driver" vf_set 1
check "by vfio" vf_bind 0 vfio-pci
check "a vDPA device for the other" vdpa_add v2 52:54:00:bb:00:01 device_features "$all_features"
wait_for 5 rep pf0sf2 || die "no representor for it"
check "by vhost" vdpa_bind v2 vhost_vdpa
wait_for 5 vdpa_chardev v2 || die "no node for it"
V=$(rep pf0vf0) W=$(rep pf0sf2)
ip link set "$V" up
ip link set "$W" up
check "rules between these two" forward_both pf0vf0 pf0sf2

misuse vf "$(vf_bdf 0)" "$seed" 0
wait
misuse vdpa "$(vdpa_chardev v2)" "$seed" 0
wait
check_eq "the VF takes a frame sent the proper way" 1 "$(did vf good)"
check_eq "so does the vDPA device" 1 "$(did vdpa good)"

before_vf=$(ring_errors "$V") before_vdpa=$(ring_errors "$W")
guest_run b 'pkill iperf3; iperf3 -s -D' >/dev/null
misuse vf "$(vf_bdf 0)" "$seed" "$seconds"
misuse vdpa "$(vdpa_chardev v2)" "$seed" "$seconds"
guest_run a "setsid iperf3 -c 10.0.0.2 -t $((seconds - 5)) -i 1 -f k -b 800K -l 4K --forceflush >/tmp/iperf 2>&1 </dev/null &" >/dev/null
sleep 5
check "1 MiB over TCP arrive as they were sent, meanwhile" transfer a b 1
wait
note "VF: $(cat "$state/hostile-vf")"
note "vDPA: $(cat "$state/hostile-vdpa")"
check "the transfer came to its end" wait_for 60 guest_run a 'grep -q receiver /tmp/iperf'
note "kbit/s: $(rates)"
check "it never stopped for more than 3 s" test "$(longest_gap)" -le 3

check_ge "rounds of misuse on the VF" 100 "$(did vf rounds)"
check_ge "some with a reset of the function" 10 "$(did vf flr)"
check_ge "rounds on the vDPA device" 100 "$(did vdpa rounds)"
check_ge "in so many the VF asked for a reset" 10 "$(did vf stopped)"
check_ge "and the vDPA device" 10 "$(did vdpa stopped)"
check_ge "what the card counted as wrong of the VF" 10 $(($(ring_errors "$V") - before_vf))
check_ge "and of the vDPA device" 10 $(($(ring_errors "$W") - before_vdpa))
check_eq "the VF works again" 1 "$(did vf good)"
check_eq "the vDPA device works again" 1 "$(did vdpa good)"
check "a still reaches b" guest_ping a 10.0.0.2
check "the card still answers" card_running
check "the vDPA device goes" vdpa_del v2
check "the VF goes" vf_set 0
check_not "the kernel complains of nothing but what the IOMMU refused" eval \
	"kernel_said | grep -E 'BUG|WARNING|Oops|Call Trace|hung task|leak|general protection'"
