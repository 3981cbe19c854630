#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the server's administrator decides of a VF with `ip link set DEV vf N` is carried out by the card,
# whatever the guest does, and is shown: spoofchk, vlan, rate, trust. Address and state: vf_passthrough.
# needs: iommu
# seconds: 900
# soc: rv64
. "$(dirname "$0")/lib.sh"
script_begin

pf=
# vf N WORDS...: ip link set vf N
vf() { ip link set "$pf" vf "$@"; }
# shows N TEXT: how ip shows a VF, on a line.
shows() { ip -d link show "$pf" | grep "vf $1 " | grep -q -- "$2"; }
# vf_stat N NAME: packets or dropped, of what the VF sent (TX) or received (RX), as ip shows.
vf_stat() {
	ip -s link show "$pf" | awk -v n="vf $1" -v w="${2%_*}:" -v c="${2#*_}" '
		$1 == "vf" { vf = $1 " " $2 }
		vf == n && $1 == w { for (i = 2; i <= NF; i++) column[i] = $i; next_line = NR + 1 }
		NR == next_line { for (i in column) if (column[i] == c) print $(i - 1) }'
}
dropped() { counter "$(rep "pf0vf$1")" "$2"; }

card_up
pf=$(pf_netdev)
check "two VFs are made" vf_set 2
for n in 0 1; do ip link set "$(rep "pf0vf$n")" up; done
rules_clear
check "rules between them" forward_both pf0vf0 pf0vf1
check "VF 0 is given an address" vf 0 mac 52:54:00:dd:00:03
check "guest c boots with VF 0" guest_up_vf c 0 || die "no guest c"
check "guest d boots with VF 1" guest_up_vf d 1 || die "no guest d"
check "c reaches d" guest_ping c 10.0.0.4

# ---- spoofchk

guest_run c "modprobe macvlan && ip link add other link eth0 address 52:54:00:ee:00:03 type macvlan mode private &&
	ip addr add 10.0.1.3/24 dev other && ip link set other up" >/dev/null || die "no macvlan in guest c"
guest_run d "ip addr add 10.0.1.4/24 dev eth0" >/dev/null
other_ping() { guest_run c "ping -i 0.2 -W 2 -c 3 10.0.1.4"; }
check "nothing is checked at first" shows 0 "spoof checking off"
check "c may send from an address that is not its own" other_ping
check "spoofchk on" vf 0 spoofchk on
check "which ip shows" shows 0 "spoof checking on"
check "of this VF only" shows 1 "spoof checking off"
before=$(dropped 0 drop_spoofed)
check_not "now it may not" other_ping
check_ge "which is counted" $((before + 1)) "$(dropped 0 drop_spoofed)"
check_ge "and told of the VF" 1 "$(vf_stat 0 TX_dropped)"
check "from its own it may" guest_ping c 10.0.0.4
check "spoofchk off" vf 0 spoofchk off
check "and again it may" other_ping

# ---- vlan

check "there is no VLAN at first" not shows 0 vlan
check "VF 0 is put into VLAN 10" vf 0 vlan 10 qos 5
check "which ip shows" shows 0 "vlan 10, qos 5"
before=$(dropped 0 drop_vlan)
check_not "d, which is in none, cannot be reached" guest_ping c 10.0.0.4 2
guest_ping d 10.0.0.3 1 >/dev/null
check_ge "what d sends to c is not of its VLAN" $((before + 1)) "$(dropped 0 drop_vlan)"
check "VF 1 is put into VLAN 20" vf 1 vlan 20
check_not "d, which is in another, cannot be reached" guest_ping c 10.0.0.4 2
check "VF 1 is put into VLAN 10" vf 1 vlan 10
guest_run c "ip neigh flush all" >/dev/null
check "d, which is in the same, can" guest_ping c 10.0.0.4
check "with full frames" guest_run c "ping -c 3 -i 0.2 -W 2 -s 1472 10.0.0.4"
world_up 0
check "a rule to the world" rule pf0vf0 50 all -- mirred egress redirect dev "$(rep p0)"
world_run 0 timeout 20 tcpdump -Z root -n -e -c 1 -i world vlan 10 >"$state/tag" 2>/dev/null &
sleep 2
guest_run c "ping -c 3 -i 0.2 -W 1 10.0.0.200" >/dev/null
wait $!
check "the world sees the tag, with its priority" grep -q "vlan 10, p 5" "$state/tag"
rm -f "$state/tag"
tc filter del dev "$(rep pf0vf0)" ingress prio 50
guest_run c "modprobe 8021q && ip link add tagged link eth0 type vlan id 30 && ip addr add 10.0.2.3/24 dev tagged &&
	ip link set tagged up" >/dev/null || die "no VLANs in guest c"
vf 0 spoofchk on
before=$(dropped 0 drop_spoofed)
check_not "a tag of c's own" guest_run c "ping -c 2 -i 0.2 -W 1 10.0.2.4"
check_ge "is not let in by spoofchk" $((before + 1)) "$(dropped 0 drop_spoofed)"
check "what has none is" guest_ping c 10.0.0.4
vf 0 spoofchk off
said=$(vf 0 vlan 10 proto 802.1ad 2>&1)
check_eq "another protocol than 802.1Q is refused" "RTNETLINK answers: Protocol not supported" "$said"
check_not "so is VLAN 4095" vf 0 vlan 4095
check_not "and a priority without a VLAN" vf 0 vlan 0 qos 3
check "what was set stays" shows 0 "vlan 10, qos 5"
check "VLANs off" sh -c "ip link set $pf vf 0 vlan 0 && ip link set $pf vf 1 vlan 0"
check "there are none any more" not shows 0 vlan
check "c reaches d" guest_ping c 10.0.0.4

# ---- rate

guest_run d 'iperf3 -s -D' >/dev/null
sleep 1
check "there is no limit at first" not shows 0 max_tx_rate
free=$(guest_iperf c '-c 10.0.0.4 -t 4')
check_ge "without one c sends, kbit/s" 1500 "$free"
lost=$(vf_stat 0 TX_dropped)
check "one Mbit/s" vf 0 max_tx_rate 1
check "which ip shows" shows 0 "max_tx_rate 1Mbps"
limited=$(guest_iperf c '-c 10.0.0.4 -t 8')
check_ge "c sends, kbit/s" 500 "$limited"
check_ge "which is no more than that: to spare, kbit/s" 0 $((1050 - limited))
check_eq "nothing is dropped for it" "$lost" "$(vf_stat 0 TX_dropped)"
back=$(guest_iperf c '-c 10.0.0.4 -t 4 -R')
check_ge "what c receives has no limit, kbit/s" 1500 "$back"
check_not "a guaranteed rate is refused" vf 0 min_tx_rate 1
check "no limit" vf 0 max_tx_rate 0
again=$(guest_iperf c '-c 10.0.0.4 -t 4')
check_ge "c sends again, kbit/s" 1500 "$again"

# ---- trust, and how long it all lasts

own_mac() { guest_run c "ip link set eth0 address $1"; }
promiscuous() { guest_run c "ip link set eth0 promisc off && ip link set eth0 promisc on; sleep 1" >/dev/null; }
# What d sends to somebody else comes to c's port, too; how much of it c got.
overheard() {
	local before
	before=$(guest_run c "cat /sys/class/net/eth0/statistics/rx_packets")
	guest_run d "ping -i 0.2 -W 1 -c 5 10.0.0.99" >/dev/null
	echo $(($(guest_run c "cat /sys/class/net/eth0/statistics/rx_packets") - before))
}
guest_run d "ip neigh add 10.0.0.99 lladdr 52:54:00:99:99:99 dev eth0" >/dev/null
check "nobody is trusted at first" shows 0 "trust off"
check_not "c may not change the address it was given" own_mac 52:54:00:ee:00:33
promiscuous
check "nor listen to what is for others" test "$(overheard)" -lt 5
check "VF 0 is trusted" vf 0 trust on
check "which ip shows" shows 0 "trust on"
check "VF 1 is not" shows 1 "trust off"
check "c may change its address" own_mac 52:54:00:ee:00:33
check "which ip shows" shows 0 52:54:00:ee:00:33
promiscuous
check_ge "and listen" 5 "$(overheard)"
vf 0 vlan 10 && vf 0 spoofchk on && vf 0 max_tx_rate 7
all="vlan 10, .*max_tx_rate 7Mbps, spoof checking on, .*trust on"
check "all of it together" shows 0 "$all"
guest_kill c
check "a function level reset" vf_reset 0
check "leaves it" shows 0 "$all"
vf_bind 0 virtio-pci
check "so does another driver" shows 0 "$all"
vf 0 vlan 0 && vf 0 max_tx_rate 0
check "VF 0 serves a new guest" guest_up_vf c 0
check_eq "its address is the given one" 52:54:00:dd:00:03 "$(guest_run c 'cat /sys/class/net/eth0/address')"
check "it reaches d" wait_for 10 guest_ping c 10.0.0.4
guest_stop c
guest_stop d
check "VFs go" vf_set 0
check "and are made anew" vf_set 2
check "have nothing of it" shows 0 "spoof checking off, .*trust off"
check_not "there is no VF 2 to be asked of" vf 2 spoofchk on
vf_set 0
check "the kernel has nothing to complain about" kernel_clean
