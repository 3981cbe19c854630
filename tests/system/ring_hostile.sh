#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rings no driver would write: loops, indexes out of range, lengths of nothing and of 4 GiB. Each
# is counted under its name and stops its own device only.
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
ip link set "$(rep pf0sf2)" up
bystanders_start

check_refused loop ring_err_loop "a chain that points to itself"
check_refused next ring_err_index "a chain that goes on outside the table"
check_refused head ring_err_index "a head outside the table"
check_refused index ring_err_index "an avail index beyond the ring"
check_refused zero ring_err_length "a buffer of no length"
check_refused huge ring_err_length "a buffer of 4 GiB"
check_refused direction ring_err_direction "a writable buffer to send from"
check_refused indirect ring_err_flags "an indirect table nobody agreed on"
check_probe_good

bystanders_well "a and b have lost nothing meanwhile"
check "the third device goes" vdpa_del v2
check "the kernel has nothing to complain about" kernel_clean
