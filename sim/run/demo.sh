#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make run` shows; runs inside the emulated server, told line by line. "step:" opens a
# chapter, "table:" is a line of the table at the end, the rest are claims (tests/system/lib.sh).
# shellcheck source=tests/system/lib.sh
. /opt/xvio/tests/system/lib.sh

step() { echo "step: $*"; }
table() { echo "table: $1 | $2"; }

script_begin

step "the card"
bdf=$(card_bdf)
[ -n "$bdf" ] || die "no card on the bus"
check_not "a blank card runs no firmware" card_running
check "xvio-flash writes the firmware image and resets the card into it" card_flash
check "the firmware runs" wait_for 10 card_running
version=$(card_version | tr '\n' ' ')
note "$version"
table "card" "$bdf ${version:0:60}"

step "the driver"
check "xvio.ko finds the card" card_up
note "PF $(pf_netdev), uplinks $(rep p0) and $(rep p1)"
check "the vDPA management device is there" sh -c "vdpa mgmtdev show | grep -q $bdf"

step "two vDPA devices, and a virtual machine on each (stock kernel, stock virtio-net)"
world_up 0 || die "no NIC beyond the uplink"
t=$SECONDS
guests_up a b
pass "both guests have booted, $((SECONDS - t)) s"
note "guest a: $(guest_run a 'uname -r; ethtool -i eth0 | head -n 1' | tr '\n' ' ')"
A=$(rep pf0sf0) B=$(rep pf0sf1)

step "a miss: no rule yet"
before=$(host_packets "$A")
check_not "without a rule guest a does not reach guest b" guest_ping a 10.0.0.2 2
missed=$(($(host_packets "$A") - before))
check_ge "its packets come to the representor, where software may decide" 1 "$missed"
table "miss, to the representor" "$missed packets"

step "rules: a <-> b, and everything else of b <-> uplink 0 (tc flower skip_sw)"
check "a: everything to b" forward pf0sf0 pf0sf1
check "b: what is for a, to a" rule pf0sf1 10 all dst_mac "$(guest_mac a)" -- \
	mirred egress redirect dev "$A"
check "b: the rest to the uplink" forward pf0sf1 p0
check "uplink: everything to b" forward p0 pf0sf1
check "the rule is in hardware" rule_in_hw pf0sf0 100

step "packets"
repr=$(($(host_packets "$A") + $(host_packets "$B") + $(host_packets "$(rep p0)")))
guest_ping a 10.0.0.2 1 >/dev/null 2>&1
if ping=$(guest_ping a 10.0.0.2 10); then pass "guest a reaches guest b"; else fail "guest a reaches guest b"; fi
rtt=$(sed -n 's/^rtt.*= //p;s/^round-trip.*= //p' <<<"$ping")
table "guest a -> guest b, round trip" "${rtt:-none} (min/avg/max)"
guest_ping b 10.0.0.100 1 >/dev/null 2>&1
if ping=$(guest_ping b 10.0.0.100 10); then
	pass "guest b reaches the world beyond uplink 0"
else
	fail "guest b reaches the world beyond uplink 0"
fi
rtt=$(sed -n 's/^rtt.*= //p;s/^round-trip.*= //p' <<<"$ping")
table "guest b -> world, round trip" "${rtt:-none}"
guest_run b "iperf3 -s -D" >/dev/null
rate=$(guest_iperf a "-c 10.0.0.2 -t 5")
check_ge "iperf3 from guest a to guest b, kbit/s" 500 "$rate"
table "iperf3 guest a -> guest b" "$((rate / 1000)).$((rate / 100 % 10)) Mbit/s (every CPU here is emulated)"
seen=$(($(host_packets "$A") + $(host_packets "$B") + $(host_packets "$(rep p0)") - repr))
check_eq "the server's own CPUs saw none of these packets" 0 "$seen"
table "packets the server saw meanwhile" "$seen"
forwarded=$(rule_packets pf0sf0 100)
check_ge "the card counted them" 100 "$forwarded"
table "packets the card forwarded, a -> b" "$forwarded"

step "a rule that drops one TCP port"
guest_run b 'for p in 5001 5002; do (while :; do echo reply | nc -l -p $p -q 1; done >/dev/null 2>&1 &) ; done' >/dev/null
connect='sleep 2 | timeout 4 nc -w 3 10.0.0.2'
guest_says() { guest_run a "$connect $1" | grep -q reply; }
check "a TCP connection to port 5001 works before" guest_says 5001
check "tc takes the rule" rule pf0sf0 1 ip ip_proto tcp dst_port 5001 -- drop
check_not "now it fails" guest_says 5001
check "port 5002 still works" guest_says 5002
dropped=$(rule_packets pf0sf0 1)
check_ge "tc -s: the drops were counted on the card" 1 "$dropped"
check "and the rule says in_hw" rule_in_hw pf0sf0 1
table "dropped by the rule, on the card" "$dropped packets"
check "the kernel has nothing to complain about" kernel_clean
