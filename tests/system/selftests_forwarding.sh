#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own selftests/net/forwarding, unchanged, on representors of the card, whose ports are looped
# back in pairs: what tc and a bridge do to packets in software, and what the card does. A test that the card
# cannot pass is known by its name, and that its reason holds is a claim, too.
# soc: native
# seconds: 1500
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clients/lib.sh"
script_begin

tests=$state/selftests/net/forwarding
declare -A cannot=(
	["tc_flower: ip_flags match (skip_sw)"]="the kernel hands 'continue' to no card"
	["tc_flower: mpls lse match (skip_sw)"]="the kernel hands 'continue' to no card"
	["tc_actions: mirred_egress_to_ingress_tcp (skip_sw)"]="rules for what the server sends"
	["tc_actions: egress_2nd_vlan_push (skip_sw)"]="rules for what the server sends"
	["bridge_vlan_aware: Reception of VLAN with other TPID as untagged"]="its frame has an IPv4 header of 9 bytes"
	["bridge_vlan_aware: Reception of VLAN with other TPID as untagged (no PVID)"]="its frame has an IPv4 header of 9 bytes"
)
# What such a frame teaches the bridge, it may still know from an earlier test.
declare -A by_chance=(
	["bridge_vlan_aware: FDB entry in PVID for VLAN-tagged with other TPID"]="its frame has an IPv4 header of 9 bytes"
)

# cable NAME NIC NIC: the ports that two NICs of the server lead to are looped back to each other. In a name
# space of their own the NICs say nothing and learn nothing: what comes in by one leaves by the other.
cable() {
	local ns=$1 from to
	ip netns add "$ns" && ip netns exec "$ns" sh -c 'for c in all default; do
		echo 1 >/proc/sys/net/ipv6/conf/$c/disable_ipv6; done' || return 1
	ip link set "$2" netns "$ns" name left && ip link set "$3" netns "$ns" name right || return 1
	for from in left right; do
		[ $from = left ] && to=right || to=left
		ip -n "$ns" link set $from promisc on up && tc -n "$ns" qdisc add dev $from clsact &&
			tc -n "$ns" filter add dev $from ingress matchall action mirred egress redirect dev $to || return 1
	done
}
cable_cut() {
	local nic
	for nic in left right; do
		tc -n "$1" qdisc del dev $nic clsact && ip -n "$1" link set $nic promisc off down &&
			ip -n "$1" link set $nic netns 1 name "$1-$nic" || return 1
	done
	ip netns del "$1"
}

# world_nic N: the NIC beyond uplink N, out of the name space where other tests have it.
world_nic() {
	! ip -n "world$1" link show world >/dev/null 2>&1 ||
		ip -n "world$1" link set world netns 1 name "wire$1" || return 1
	grep -l "52:54:00:77:00:0$1" /sys/class/net/*/address | cut -d / -f 5 | head -n 1
}

# The scripts run in memory: the disk is for reading only, and what they may be told is in a file beside them. A
# listener of theirs to which nobody comes would wait for ever: it is given an end.
tests_copy() {
	mkdir -p "$tests" && cp $clients/selftests/net/lib.sh "$tests/../" &&
		cp $clients/selftests/net/forwarding/{lib,tc_common,tc_flower,tc_actions,bridge_vlan_{,un}aware}.sh "$tests/" &&
		printf '%s\n' NETIF_CREATE=no PING6=ping PING_TIMEOUT=15 >"$tests/forwarding.config" &&
		printf '%s\n' '#!/bin/bash' "exec timeout 30 $(command -v ncat) \"\$@\"" >"$tests/ncat" && chmod +x "$tests/ncat"
}

# Of all: a script tests the card if all of its netdevs are like that.
all_offload() {
	local dev
	for dev in "${netdevs[@]}"; do
		ethtool -k "$dev" | grep -q '^hw-tc-offload: on' || { echo "$dev: off"; return 1; }
	done
}

# For the scripts wait for that.
all_up() {
	local dev
	for dev in "${netdevs[@]}"; do
		[ "$(cat "/sys/class/net/$dev/operstate")" = up ] || { echo "$dev: $(cat "/sys/class/net/$dev/operstate")"; return 1; }
	done
}

# said LINE: what a script says. Each of its tests is a claim.
said() {
	local name why
	name="$script: $(sed 's/^TEST: *//; s/ *\[[^]]*\]$//' <<<"$1")"
	why=${cannot[$name]-${by_chance[$name]-}}
	case $1 in
	TEST:*) num_run=$((num_run + 1)) ;;&
	TEST:*'[ OK ]')
		if [ -z "${cannot[$name]-}" ]; then pass "$name"; else fail "$name: can be done, against what is written"; fi ;;
	TEST:*'[SKIP]' | SKIP:*) fail "$name: skipped" ;;
	TEST:*)
		if [ -n "$why" ]; then skip "$name: $why"; else fail "$name"; fi ;;
	*'Could not test offloaded'*) num_not_tested=$((num_not_tested + 1)) ;;
	$'\t'*) note "$1" ;;
	esac
}

# What a script leaves behind whose time was up.
leftovers_clear() {
	local dev family
	for dev in $(ls /sys/class/net); do
		case $dev in br0 | v"${netdevs[0]}" | v"${netdevs[1]}" | v"${netdevs[2]}" | v"${netdevs[3]}" | *.[0-9]*) ip link del "$dev" ;; esac
	done
	for family in -4 -6; do
		! ip $family rule | grep -q '^32765:' ||
			{ ip $family rule add pref 0 table local && ip $family rule del pref 32765; }
	done
	for dev in "${netdevs[@]}"; do
		ip addr flush dev "$dev"
		tc qdisc del dev "$dev" clsact
	done
} 2>/dev/null

# forwarding SCRIPT NETDEVS NUM STATUS [TESTS]: runs it; so many tests of it are to run.
forwarding() {
	local line rc=0 log=$state/forwarding.log
	script=$1 num_run=0 num_not_tested=0
	: >"$log"
	while IFS= read -r line; do
		echo "$line" >>"$log"
		case $line in
		"status: "*) rc=${line#status: } ;;
		*) said "$line" ;;
		esac
	done < <(cd "$tests" && PATH=$tests:$PATH TESTS=${5-} timeout 300 ./"$1.sh" "${netdevs[@]:0:$2}" 2>&1; echo "status: $?")
	check_eq "$1: $3 tests have run" "$3" "$num_run"
	check_eq "$1: the status that it ends with" "$4" "$rc"
	check_eq "$1: never says that it could not test offloaded functionality" 0 "$num_not_tested"
	[ "$rc" = "$4" ] || { tail -n 30 "$log" | sed 's/^/  | /'; leftovers_clear; }
}

card_up
rules_clear
guests_clear
check "the disk with the kernel's tests is there" clients_mount || die "no disk"
check "the tests are copied" tests_copy
netdevs=("$(rep p0)" "$(rep p1)") nics=()
for n in 6 7; do
	device_add v$n 52:54:00:cc:00:0$n || die "no vDPA device"
	netdevs+=("$(rep "$new_rep")")
	check "device v$n is a NIC of the server" eval "vdpa_bind v$n virtio_vdpa && wait_for 5 vdpa_netdev v$n"
	nics+=("$(vdpa_netdev v$n)")
done
check "a cable from uplink to uplink" cable wires "$(world_nic 0)" "$(world_nic 1)"
check "a cable from vDPA device to vDPA device" cable devices "${nics[@]}"
check "the operstate of every netdev in use is up" wait_for 5 all_up || die "the scripts would wait for ever"
modprobe vrf
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
for dev in "${netdevs[@]}"; do
	ip link set "$dev" down
	echo 0 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
done
check "hw-tc-offload is on on every netdev in use" all_offload

# tc -s takes its time here; what waits for a counter to stay as it is, waits so long.
export TC_HIT_TIMEOUT=1500
forwarding tc_flower 2 30 1
# Both *_2nd_vlan_push begin with the verdict of the test before them: no test that fails may be there.
forwarding tc_actions 4 13 0 "gact_drop_and_ok_test mirred_egress_redirect_test mirred_egress_mirror_test
	matchall_mirred_egress_mirror_test gact_trap_test mirred_egress_to_ingress_test ingress_2nd_vlan_push"
forwarding tc_actions 4 4 1 "egress_2nd_vlan_push mirred_egress_to_ingress_tcp_test"
forwarding bridge_vlan_aware 4 11 1
forwarding bridge_vlan_unaware 4 5 0

# refused WHAT DIRECTION ACTION...
refused() {
	local what=$1 dir=$2 answer
	shift 2
	! answer=$(tc filter add dev "${netdevs[0]}" "$dir" prio 1 protocol ip flower skip_sw action "$@" 2>&1) &&
		grep -q "$what" <<<"$answer" && note "$answer"
}
# What bridge_vlan_aware sends with two tags, and the same with a header that is whole: in it the type of a frame
# for experiments. The one is lost where it comes in, the other comes to the far end as an untagged one.
tagged_send() {
	mausezahn -q "${netdevs[0]}" -c 1 -a 02:aa:00:00:00:01 -b 02:aa:00:00:00:02 "88:a8 00:03 81:00 00:05 $1 aa-aa-aa-aa-aa-aa-aa-aa-aa"
}
tagged_arrived() { [ "$(tc -s filter show dev "${netdevs[3]}" ingress | awk '$1 == "Sent" && $3 == "bytes" { n = $4 } END { print n + 0 }')" = 1 ]; }
malformed() { counter "${netdevs[1]}" drop_malformed; }
malformed_one() { [ $(($(malformed) - before)) = 1 ]; }
for dev in "${netdevs[@]}"; do ip link set "$dev" up; done
check "a bridge with VLANs" eval 'ip link add br0 up type bridge vlan_filtering 1 mcast_snooping 0 &&
	ip link set "${netdevs[1]}" master br0 && ip link set "${netdevs[2]}" master br0'
wait_for 10 all_up
tc qdisc add dev "${netdevs[3]}" clsact
tc filter add dev "${netdevs[3]}" ingress prio 1 flower dst_mac 02:aa:00:00:00:02 action drop
sleep 1
before=$(malformed)
tagged_send 08:00
check "the card counts a frame with half an IPv4 header as malformed" wait_for 5 malformed_one
check_not "which does not arrive" tagged_arrived
tagged_send 88:b5
check "a frame of two tags with another TPID goes through the bridge as an untagged one" wait_for 5 tagged_arrived
ip link del br0
tc qdisc del dev "${netdevs[3]}" clsact

tc qdisc add dev "${netdevs[0]}" clsact
check "the kernel hands 'continue' to no card" refused 'Offload of "continue" action is not supported' ingress continue
check "the card has no rules for what the server sends" refused "xvio: .* sends" egress drop
tc qdisc del dev "${netdevs[0]}" clsact

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
for dev in "${netdevs[@]}"; do
	echo 1 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"
	ip link set "$dev" up
done
check "the cables go" eval "cable_cut wires && cable_cut devices"
check "the devices go" eval "vdpa_del v6 && vdpa_del v7"
rm -rf "$state/selftests" "$state/forwarding.log"
clients_clear
check "the kernel has nothing to complain about" kernel_clean
