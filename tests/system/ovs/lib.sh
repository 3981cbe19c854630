# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Open vSwitch in the server, started as Debian starts it, and what its tests ask of it. Sourced behind lib.sh.
# ovs_begin stands in the place of script_begin: OVS is gone, with all it made, before the script ends. A, B and P are
# the representors of guests a and b, and of uplink 0.

ovs_log=/var/log/openvswitch/ovs-vswitchd.log
mac_a=$(guest_mac a) mac_b=$(guest_mac b) mac_world=52:54:00:77:00:00
# Any station of the tests.
macs='52:54:00:(aa|77):00:'

ovs_ctl() {
	/usr/share/openvswitch/scripts/ovs-ctl --system-id=xvio --no-monitor --no-record-hostname "$@" 2>&1 |
		grep -v resolv.conf
	return "${PIPESTATUS[0]}"
}

ovs_begin() {
	script_begin
	trap ovs_end EXIT
	card_up
	rules_clear
	guests_up a b
	world_up 0
	A=$(rep pf0sf0) B=$(rep pf0sf1) P=$(rep p0)
	check "OVS starts, hw-offload is true" ovs_up
}
ovs_end() {
	local rc=$?
	[ "$num_failed" -eq 0 ] || grep -E 'WARN|ERR' "$ovs_log" 2>/dev/null | tail -n 8 | sed 's/^/  ovs: /'
	guests_stir a b
	ovs_down
	(exit "$rc")
	script_end
}

# ovs_up [hw-offload]: a new data base, no bridges.
ovs_up() {
	ovs_down
	mkdir -p /etc/openvswitch /var/run/openvswitch /var/log/openvswitch
	ovs_ctl --no-ovs-vswitchd start &&
		ovs-vsctl --no-wait set Open_vSwitch . other_config:hw-offload="${1:-true}" &&
		ovs_ctl --no-ovsdb-server start
}

# No daemon, no datapath, no bridge, no qdisc, no file.
ovs_down() {
	local dev
	ovs_ctl stop >/dev/null
	! ovs-dpctl show ovs-system >/dev/null 2>&1 || ovs-dpctl del-dp ovs-system
	modprobe -q -r openvswitch
	for dev in /sys/class/net/*; do
		[ -n "$(cat "$dev/phys_port_name" 2>/dev/null)" ] || continue
		tc qdisc del dev "${dev##*/}" ingress 2>/dev/null || tc qdisc del dev "${dev##*/}" clsact 2>/dev/null
	done
	tc actions flush action police >/dev/null 2>&1
	rm -rf /etc/openvswitch/conf.db /etc/openvswitch/.conf.db* /var/run/openvswitch /var/log/openvswitch
}
ovs_is_down() {
	! pidof ovs-vswitchd ovsdb-server && [ ! -e /sys/class/net/ovs-system ] && ! tc qdisc show | grep -E 'ingress|clsact'
}

# ovs_bridge NETDEV...: br0 with these ports. Floods leave out the port of the server itself, br0: it is not the card's.
ovs_bridge() {
	local dev
	ovs-vsctl add-br br0 || return 1
	for dev; do ovs-vsctl add-port br0 "$dev" || return 1; done
	ovs_no_flood_to_server
}
# The data base does not remember it: once more after each start.
ovs_no_flood_to_server() { ovs-ofctl mod-port br0 br0 no-flood; }
ovs_port() { ovs-vsctl get Interface "$1" ofport; }

# ovs_flows FLOW...: the bridge's rules, in the place of those it has.
ovs_flows() {
	printf '%s\n' "$@" | ovs-ofctl -O OpenFlow13 replace-flows br0 -
}

# ovs_dump all|offloaded|non-offloaded: flows of the datapath, ports by name.
ovs_dump() {
	local type=()
	[ "$1" = all ] || type=("type=$1")
	ovs-appctl dpctl/dump-flows --names "${type[@]}"
}
# Those of the tests' stations that are not in the card.
ovs_in_software() { ovs_dump non-offloaded | grep -E "$macs"; }
# ovs_num TYPE PATTERN
ovs_num() { ovs_dump "$1" | grep -cE "$2"; }

# ovs_flow NETDEV PATTERN: flows in the card; ovs_flow_ip NETDEV SOURCE DESTINATION: that of IPv4 packets.
ovs_flow() { ovs_dump offloaded | grep -F "in_port($1)" | grep -E "$2"; }
ovs_flow_ip() { ovs_flow "$1" "src=$2,dst=$3\),eth_type\(0x0800\)"; }
# flow_count packets|bytes FLOW
flow_count() { sed -nE "s/.* $1:([0-9]+).*/\1/p" <<<"$2" | awk '{ n += $1 } END { print n + 0 }'; }

# of_packets MATCH: what ovs-ofctl says that rules counted.
of_packets() {
	ovs-ofctl -O OpenFlow13 dump-flows br0 "${1-}" | sed -nE 's/.* n_packets=([0-9]+).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}

# tc_counts NETDEV SOURCE DESTINATION: packets and bytes that tc says the card counted for the filter of IPv4 packets.
tc_counts() {
	tc -j -s filter show dev "$1" ingress | jq -r --arg src "$2" --arg dst "$3" '
		[.[] | select(.options.keys.src_mac? == $src and .options.keys.dst_mac? == $dst and .options.keys.eth_type? == "ipv4")
			| .options.actions[-1].stats | .hw_packets, .hw_bytes] | if . == [] then "0 0" else join(" ") end'
}
# tc_list NETDEV...: filters in the card, one a line, and seconds since a packet met it last (tc leaves out a 0).
tc_list() {
	local dev
	for dev; do
		tc -j -s filter show dev "$dev" ingress | jq -r --arg dev "$dev" '.[] | select(.options.in_hw?) |
			"\($dev) \(.protocol) \(.pref) \(.options.handle) \([.options.actions[].last_used // 0] | min)"'
	done | sort
}
# Filters in the card, of all ports.
tc_in_hw() {
	local dev
	for dev; do tc filter show dev "$dev" ingress; done | grep -c 'in_hw '
}

# silent NETDEV...: packets that the server's CPUs have seen of them, to compare later.
silent() {
	local dev n=0
	for dev; do n=$((n + $(host_packets "$dev"))); done
	echo "$n"
}

# guests_calm NAME...: they know each other and world 0 for good, and say nothing by themselves.
guests_calm() {
	local name other known
	for name; do
		known="ip neigh replace 10.0.0.100 lladdr $mac_world dev eth0 nud permanent"
		for other; do
			[ "$other" = "$name" ] || known+="; ip neigh replace $(guest_ip "$other") lladdr $(guest_mac "$other") dev eth0 nud permanent"
		done
		guest_run "$name" "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; $known" >/dev/null
		world_run 0 ip neigh replace "$(guest_ip "$name")" lladdr "$(guest_mac "$name")" dev world nud permanent
	done
}
# guests_stir NAME...: as before.
guests_stir() {
	local name
	for name; do
		guest_alive "$name" || continue
		guest_run "$name" "pkill -x ping; pkill -f 'iperf[3].*5001'; ip addr del 10.10.0.$(guest_number "$name")/24 dev eth0
			for n in \$(ip neigh show dev eth0 nud permanent | cut -d ' ' -f 1); do ip neigh del \$n dev eth0; done
			echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6" >/dev/null 2>&1
	done
	for name in $(ip -n world0 neigh show dev world nud permanent 2>/dev/null | cut -d ' ' -f 1); do
		ip -n world0 neigh del "$name" dev world
	done
	ip -n world0 link del world.10 2>/dev/null
	return 0
}

# pings_start NAME ADDRESS: fifty a second, or as many as the guest can. pings_lost NAME: it ends them; replies, and how
# many are missing. Its kernel counts ($echoes: requests and replies), not ping, whose socket is small and hears of other
# people's pings, too.
echoes='awk "/^Icmp:/ { if (!n++) split(\$0, name); else for (i in name) value[name[i]] = \$i }
	END { print value[\"OutEchos\"], value[\"InEchoReps\"] }" /proc/net/snmp'
pings_start() {
	guest_run "$1" "pkill -x ping; $echoes >/tmp/echoes; setsid ping -i 0.02 $2 >/dev/null 2>&1 </dev/null &" >/dev/null
}
pings_lost() {
	guest_run "$1" "pkill -x ping; read sent_before got_before </tmp/echoes
		for n in 1 2 3 4 5 6 7 8 9; do
			$echoes >/tmp/echoes; read sent got </tmp/echoes
			lost=\$((sent - sent_before - got + got_before))
			[ \$lost != 0 ] || break
			sleep 0.5
		done
		echo \$((got - got_before)) \$lost"
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
# left NETDEV: packets that left the card by its port.
left() { counter "$1" card_tx_packets; }

# stops NETDEV COMMAND..., goes NETDEV COMMAND...: milliseconds until the last packet leaves by the port, or the
# first: since the command began, and since it ended.
stops() {
	local dev=$1 begin ended last num now
	shift
	begin=$(now_ms)
	num=$(left "$dev")
	"$@" >&2
	ended=$(now_ms) last=$begin
	while :; do
		now=$(left "$dev")
		[ "$now" = "$num" ] || last=$(now_ms)
		num=$now
		[ $(($(now_ms) - last)) -lt 1500 ] && [ $(($(now_ms) - ended)) -lt 6000 ] || break
		sleep 0.02
	done
	echo $((last - begin)) $((last - ended))
}
goes() {
	local dev=$1 begin ended num
	shift
	begin=$(now_ms)
	num=$(left "$dev")
	"$@" >&2
	ended=$(now_ms)
	while [ "$(left "$dev")" = "$num" ] && [ $(($(now_ms) - ended)) -lt 6000 ]; do sleep 0.02; done
	echo $(($(now_ms) - begin)) $(($(now_ms) - ended))
}
# check_quick CLAIM stops|goes NETDEV COMMAND...: within a second.
check_quick() {
	local claim=$1 ms
	shift
	ms=$("$@")
	check "$claim: ${ms#* } ms (${ms% *} since the command began)" test "${ms#* }" -le 1000
}
