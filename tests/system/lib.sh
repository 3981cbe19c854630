# SPDX-License-Identifier: GPL-2.0-or-later
# What the system tests are written with; runs inside the emulated server. A script sources it,
# makes claims (check, pass, fail, skip: one line each) and ends; cleaning up is done for it.
# Guests are real virtual machines with stock virtio-net on vhost-vdpa, kept from one script to the
# next while they are well. Addresses: guest a 10.0.0.1, b 10.0.0.2, world N (the NIC on the other
# side of uplink N) 10.0.0.10N.

xvio=/opt/xvio
state=/run/xvio
guest_files=/usr/share/xvio/guest
vendor_device=1af4:10f0
# What a guest boots, and its megabytes; a script may want another.
guest_append="console=ttyS0 panic=-1 quiet net.ifnames=0 mitigations=off"
guest_load=(-bios qboot.rom -kernel $guest_files/vmlinux -initrd $guest_files/root.cpio -append "$guest_append")
guest_memory=160
guest_nic=romfile= # further properties of its NIC on a vDPA device
mkdir -p "$state"
num_failed=0
export PATH=$xvio:$PATH

# ---- claims

pass() { echo "pass: $*"; }
fail() { echo "FAIL: $*"; num_failed=$((num_failed + 1)); }
skip() { echo "skip: $*"; }
note() { echo "  $*"; }
# What cannot go on: one failed claim, and the script ends.
die() { fail "$*"; exit 1; }

# check 'claim' COMMAND...: the claim holds if the command succeeds; what it said is shown if not.
check() {
	local claim=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" -eq 0 ]; then
		pass "$claim"
		return 0
	fi
	fail "$claim"
	note "$* -> $rc"
	[ -z "$out" ] || tail -n 15 <<<"$out" | sed 's/^/  | /'
	return 1
}

# check_not 'claim' COMMAND...: the claim holds if the command fails.
check_not() {
	local claim=$1
	shift
	check "$claim" not "$@"
}
not() { ! "$@"; }

# check_eq 'claim' WANT GOT
check_eq() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1 (want $2, got ${3:-nothing})"; fi
}

# check_ge 'claim' LEAST GOT: a number, at least so large.
check_ge() {
	if [ "${3:-0}" -ge "$2" ]; then pass "$1 ($3)"; else fail "$1 (want at least $2, got ${3:-nothing})"; fi
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.2
	done
}

script_end() {
	local rc=$?
	trap - EXIT
	rules_clear
	! driver_loaded || card_account
	[ "$num_failed" -eq 0 ] || log_kernel
	[ "$rc" -ne 0 ] || [ "$num_failed" -eq 0 ] || rc=1
	exit "$rc"
}

# script_begin: called by every test; what the kernel said before is not ours.
script_begin() {
	trap script_end EXIT
	kernel_mark="xvio test $$ $RANDOM"
	echo "$kernel_mark" >/dev/kmsg 2>/dev/null
}

# What the kernel has said since the script began; all that it remembers if it has forgotten that.
kernel_said() {
	dmesg | awk -v mark="${kernel_mark:-none}" '{ line[NR] = $0 } index($0, mark) { from = NR }
		END { for (i = from + 1; i <= NR; i++) print line[i] }'
}
log_kernel() { kernel_said | tail -n 20 | sed 's/^/  kernel: /'; }

# Whether the kernel has complained since the script began.
kernel_clean() {
	! kernel_said |
		grep -E 'BUG|WARNING|Oops|Call Trace|hung task|leak|DMAR.*fault|general protection'
}

# ---- the card

card_bdf() { lspci -D -d "$vendor_device" | awk '{ print $1; exit }'; }
card_handle() { echo "pci/$(card_bdf)"; }

# The firmware's version, as the tool reads it without a driver; fails on a blank card.
card_version() { xvio-flash version -s "$(card_bdf)"; }

card_running() { card_version 2>/dev/null | grep -qi running; }

card_flash() {
	xvio-flash write "$xvio/xvio-fw.img" -s "$(card_bdf)" && xvio-flash reset -s "$(card_bdf)"
}

# How it switches, switchdev or legacy.
eswitch_mode() { devlink dev eswitch show "$(card_handle)" | grep -oE 'mode [a-z]+' | cut -d ' ' -f 2 | head -n 1; }
eswitch_set() { devlink dev eswitch set "$(card_handle)" mode "$1"; }

# How often the driver has restarted its firmware; whether it is well, and has been since it had been so often.
card_recoveries() { devlink health show "$(card_handle)" reporter fw -j | grep -o '"recover": *[0-9]*' | grep -o '[0-9]*$'; }
card_healthy() { devlink health show "$(card_handle)" reporter fw | grep -q 'state healthy'; }
card_recovered() { [ "$(card_recoveries)" -gt "$1" ] && card_healthy; }

driver_loaded() { [ -d /sys/module/xvio ]; }

driver_load() {
	driver_loaded && return
	# An emulated card stands still for seconds now and then, for want of a processor.
	insmod "$xvio/xvio.ko" heartbeat_ms=10000 || return 1
	wait_for 15 rep p0
}

# card_up: a card with firmware, the driver loaded, switchdev mode, the representors there.
card_up() {
	[ -n "$(card_bdf)" ] || die "no card on the bus"
	card_running || { card_flash >/dev/null && wait_for 10 card_running; } || die "the card does not run"
	driver_load || die "the driver does not come up"
	[ "$(eswitch_mode)" = switchdev ] || eswitch_set switchdev || die "the card stays in legacy mode"
	ip link set "$(pf_netdev)" up
	for name in p0 p1 pf0; do
		! rep "$name" >/dev/null || ip link set "$(rep "$name")" up
	done
}

pf_netdev() {
	local dev
	for dev in /sys/bus/pci/devices/"$(card_bdf)"/net/*; do
		[ -e "$dev" ] || continue
		[ -n "$(cat "$dev/phys_port_name" 2>/dev/null)" ] || { basename "$dev"; return; }
	done
	return 1
}

# rep NAME: the netdev of a representor by its port name: p0, p1, pf0, pf0sf0, ...
rep() {
	local dev
	for dev in /sys/class/net/*; do
		if [ "$(cat "$dev/phys_port_name" 2>/dev/null)" = "$1" ]; then
			basename "$dev"
			return
		fi
	done
	return 1
}

# counter NETDEV NAME: one line of ethtool -S; 0 if it is not there.
counter() { ethtool -S "$1" 2>/dev/null | awk -v n="$2:" '$1 == n { v = $2 } END { print v + 0 }'; }

# What came into the card and was made there, less what left it or was dropped under a name (xvio/stats.h).
card_balance() {
	ethtool -S "$(pf_netdev)" | awk '
		$1 == "card_rx_packets:" || $1 == "split_frames:" || $1 == "copied_packets:" { n += $2 }
		$1 == "card_tx_packets:" || $1 ~ /^drop_/ { n -= $2 }
		END { print n + 0 }'
}
card_is_even() { [ "$(card_balance)" = 0 ]; }
# At the end of every test; packets may be on their way.
card_account() {
	if wait_for 15 card_is_even; then
		pass "the card accounts for every packet"
	else
		fail "the card accounts for every packet"
		ethtool -S "$(pf_netdev)" | grep -v ': 0$' | sed 's/^/  | /'
	fi
}

# Packets a netdev's host side has seen, both ways.
host_packets() {
	local dir=/sys/class/net/$1/statistics
	echo $(($(cat "$dir/rx_packets") + $(cat "$dir/tx_packets")))
}

# ---- rules

# rule REP PRIO PROTOCOL MATCH... -- ACTION...: stock tc flower, in hardware or not at all.
rule() {
	local dev prio=$2 protocol=$3 match=()
	dev=$(rep "$1") || return 1
	shift 3
	while [ "$1" != -- ]; do match+=("$1"); shift; done
	shift
	tc qdisc show dev "$dev" ingress | grep -q ingress || tc qdisc add dev "$dev" ingress || return 1
	tc filter add dev "$dev" ingress protocol "$protocol" prio "$prio" \
		flower skip_sw "${match[@]}" action "$@"
}

# forward FROM TO [PRIO]: everything that enters at one port leaves by the other.
forward() { rule "$1" "${3:-100}" all -- mirred egress redirect dev "$(rep "$2")"; }
forward_both() { forward "$1" "$2" "${3-}" && forward "$2" "$1" "${3-}"; }

rules_clear() {
	local dev
	for dev in /sys/class/net/*; do
		[ -n "$(cat "$dev/phys_port_name" 2>/dev/null)" ] || continue
		tc qdisc del dev "$(basename "$dev")" ingress 2>/dev/null
	done
	return 0
}

# rule_show REP PRIO: the rule as tc shows it, with counters.
rule_show() { tc -s filter show dev "$(rep "$1")" ingress prio "$2"; }

# rule_packets REP PRIO: what `tc -s` says a rule has counted in hardware.
rule_packets() {
	rule_show "$1" "$2" | awk '$1 == "Sent" && $2 == "hardware" { n += $5 } END { print n + 0 }'
}
rule_in_hw() { rule_show "$1" "$2" | grep -qw in_hw; }

# ---- vDPA devices

# All that a device can offer but MQ, RING_RESET and STANDBY: more than a device that QEMU could move.
all_features=0x9bf4005f30bfbbaf

# vdpa_add NAME MAC [OPTIONS OF vdpa dev add...]
vdpa_add() {
	local name=$1 mac=$2
	shift 2
	vdpa dev show "$name" >/dev/null 2>&1 ||
		vdpa dev add name "$name" mgmtdev "$(card_handle)" mac "$mac" mtu 1500 "$@"
}

vdpa_del() { ! vdpa dev show "$1" >/dev/null 2>&1 || timeout 10 vdpa dev del "$1"; }

# vdpa_bind NAME vhost_vdpa|virtio_vdpa
vdpa_bind() {
	local dev=/sys/bus/vdpa/devices/$1 now
	now=$(basename "$(readlink "$dev/driver" 2>/dev/null)" 2>/dev/null)
	[ "$now" != "$2" ] || return 0
	echo "$2" >"$dev/driver_override" || return 1
	[ -z "$now" ] || echo "$1" >"$dev/driver/unbind" || return 1
	echo "$1" >"/sys/bus/vdpa/drivers/$2/bind"
}

# vdpa_chardev NAME: /dev/vhost-vdpa-N of a device.
vdpa_chardev() {
	local node
	for node in /sys/bus/vdpa/devices/"$1"/vhost-vdpa-*; do
		[ -e "$node" ] || return 1
		echo "/dev/$(basename "$node")"
		return
	done
}

# vdpa_netdev NAME: the netdev of a device bound to virtio_vdpa. Its parent is the card, as for all
# of them, so it is known by its address.
vdpa_netdev() {
	local dev mac
	mac=$(vdpa_mac "$1")
	for dev in /sys/bus/pci/devices/"$(card_bdf)"/virtio*/net/*; do
		[ -n "$mac" ] && [ "$(cat "$dev/address" 2>/dev/null)" = "$mac" ] || continue
		basename "$dev"
		return
	done
	return 1
}

vdpa_mac() { vdpa dev config show "$1" | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}' | head -n 1; }

# ---- guests

# guest_boot NAME [QEMU OPTIONS...]: start a virtual machine, do not wait for it.
guest_boot() {
	local name=$1 dir=$state/guest-$1
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	qemu-system-x86_64 -nodefaults -no-user-config -nographic -monitor none -no-reboot \
		-name "$name" -m "$guest_memory" -accel kvm -cpu host -M q35 "${guest_load[@]}" \
		-serial "file:$dir/console.log" -qmp "unix:$dir/qmp.sock,server=on,wait=off" \
		-qmp "unix:$dir/events.sock,server=on,wait=off" \
		-device virtio-serial-pci -chardev "socket,id=agent,path=$dir/agent.sock,server=on,wait=off" \
		-device virtserialport,chardev=agent,name=xvio.agent \
		"$@" </dev/null >"$dir/qemu.log" 2>&1 &
	echo $! >"$dir/pid"
	disown
}

# guest_start NAME VDPADEV [QEMU OPTIONS...]: with the device as its only NIC.
guest_start() {
	local name=$1 dev=$2 node
	shift 2
	vdpa_bind "$dev" vhost_vdpa || return 1
	wait_for 5 vdpa_chardev "$dev" || return 1
	node=$(vdpa_chardev "$dev")
	wait_for 5 test -c "$node" || return 1
	guest_boot "$name" -netdev "vhost-vdpa,vhostdev=$node,id=n0" \
		-device "virtio-net-pci,netdev=n0,mac=$(vdpa_mac "$dev"),$guest_nic" "$@"
}

guest_pid() { cat "$state/guest-$1/pid" 2>/dev/null; }
guest_alive() { [ -n "$(guest_pid "$1")" ] && [ -d "/proc/$(guest_pid "$1")" ]; }

# guest_run NAME COMMAND [SECONDS]: its output and its exit status; 125 if the guest is silent. The limits
# are against hanging: a busy guest of an emulated server takes ten times its usual time now and then.
guest_run() {
	local seconds=${3:-60} sock=$state/guest-$1/agent.sock
	guest_alive "$1" || return 125
	/opt/xvio/tests/system/guest-client "$sock" "$seconds" "$2"
}

# guest_qmp NAME COMMAND ARGUMENTS: a command of its QEMU's monitor, with arguments in JSON without the braces.
guest_qmp() {
	local answer
	answer=$({ printf '{"execute": "qmp_capabilities"}\n{"execute": "%s", "arguments": {%s}}\n' "$2" "$3"; sleep 1; } |
		timeout 10 nc -N -U "$state/guest-$1/qmp.sock")
	echo "$answer"
	[ "$(grep -c '"return"' <<<"$answer")" = 2 ]
}

# guest_up NAME [SECONDS]: wait until it has booted.
guest_up() {
	if ! wait_for "${2:-150}" guest_answers_or_ended "$1" || ! guest_alive "$1"; then
		note "guest $1 does not answer:"
		tail -n 8 "$state/guest-$1/qemu.log" "$state/guest-$1/console.log" 2>/dev/null | sed 's/^/  | /'
		return 1
	fi
}
guest_answers() { guest_run "$1" true 10; }
guest_answers_or_ended() { ! guest_alive "$1" || guest_answers "$1"; }

guest_stop() {
	local pid
	pid=$(guest_pid "$1") || return 0
	kill "$pid" 2>/dev/null
	wait_for 10 test ! -d "/proc/$pid" || kill -9 "$pid" 2>/dev/null
	wait_for 5 test ! -d "/proc/$pid"
	rm -rf "$state/guest-$1"
}

guest_kill() {
	kill -9 "$(guest_pid "$1")"
	wait_for 30 test ! -d "/proc/$(guest_pid "$1")"
}

# guest_number NAME: a 1, b 2, ...; its address and its device's are made of it.
guest_number() { printf '%d' "$(($(printf '%d' "'$1") - 96))"; }
guest_ip() { echo "10.0.0.$(guest_number "$1")"; }
guest_mac() { printf '52:54:00:aa:00:%02x' "$(guest_number "$1")"; }
guest_dev() { echo "v$(($(guest_number "$1") - 1))"; }
guest_rep() { echo "pf0sf$(($(guest_number "$1") - 1))"; }

# guests_up NAME...: guests with their vDPA devices (a on v0, b on v1), booted, with addresses.
# One that is well is left alone.
guests_up() {
	local name fresh=()
	for name in "$@"; do
		guest_alive "$name" && guest_answers "$name" && continue
		guest_stop "$name"
		vdpa_add "$(guest_dev "$name")" "$(guest_mac "$name")" ||
			die "vdpa dev add $(guest_dev "$name")"
		guest_start "$name" "$(guest_dev "$name")" || die "guest $name does not start"
		fresh+=("$name")
	done
	for name in "${fresh[@]}"; do
		guest_up "$name" || die "guest $name does not boot"
		guest_run "$name" "ip addr add $(guest_ip "$name")/24 dev eth0 && ip link set eth0 up" ||
			die "guest $name has no eth0"
	done
	for name in "$@"; do
		guest_run "$name" "ip neigh flush all" >/dev/null
		wait_for 5 rep "$(guest_rep "$name")" || die "no representor for guest $name"
		ip link set "$(rep "$(guest_rep "$name")")" up
	done
}

# guest_ping NAME ADDRESS [COUNT]
guest_ping() { guest_run "$1" "ping -i 0.2 -W 2 -c ${3:-3} $2" $((60 + ${3:-3})); }

# guest_iperf NAME ARGUMENTS: kbit/s that arrived.
guest_iperf() {
	guest_run "$1" "iperf3 -f k $2" 90 | awk '
		/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Kbits/sec") n = $(i - 1) }
		END { printf "%d", n }'
}

# guests_ping_sizes FROM TO: one line; all sizes that matter to a ring or a frame.
guests_ping_sizes() {
	local size
	for size in 0 1 18 19 64 512 1000 1471 1472 1473 4000; do
		guest_run "$1" "ping -c 2 -i 0.2 -W 2 -s $size $(guest_ip "$2")" >/dev/null ||
			{ echo "not with $size bytes"; return 1; }
	done
}

# transfer FROM TO MEGABYTES: pseudo-random bytes over TCP; true if all arrive as they were sent.
transfer() {
	local want got
	guest_run "$2" 'rm -f /tmp/got; (nc -l -p 5000 >/tmp/got </dev/null 2>/dev/null &)' >/dev/null
	want="$(($3 << 20)) $(guest_run "$1" "dd if=/dev/urandom of=/tmp/sent bs=1M count=$3 2>/dev/null
		timeout 60 nc -N $(guest_ip "$2") 5000 </tmp/sent >/dev/null; md5sum </tmp/sent" 90)"
	got=$(guest_run "$2" 'sleep 0.5; echo "$(wc -c </tmp/got) $(md5sum </tmp/got)"')
	echo "sent $want, got $got"
	[ "$got" = "$want" ]
}

# Everything the card holds, gone.
guests_clear() {
	local dir dev
	for dir in "$state"/guest-*; do
		[ -d "$dir" ] || continue
		guest_stop "${dir##*guest-}"
	done
	for dev in /sys/bus/vdpa/devices/*; do
		[ ! -e "$dev" ] || vdpa_del "$(basename "$dev")"
	done
}

# ---- virtual functions, and guests that have one by vfio-pci

# vf_set NUMBER: so many VFs; no driver takes them before it is asked to.
vf_set() {
	local dir
	dir=/sys/bus/pci/devices/$(card_bdf)
	echo 0 >"$dir/sriov_drivers_autoprobe" && echo "$1" >"$dir/sriov_numvfs"
}
vf_count() { lspci -n -d 1af4:1041 -s "$(card_bdf | cut -d : -f 1,2):" | wc -l; }

# vf_bdf N
vf_bdf() { basename "$(readlink "/sys/bus/pci/devices/$(card_bdf)/virtfn$1")"; }

# vf_bind N DRIVER: vfio-pci or virtio-pci
vf_bind() {
	local bdf dir
	bdf=$(vf_bdf "$1")
	dir=/sys/bus/pci/devices/$bdf
	[ -d "$dir" ] && modprobe "$2" || return 1
	[ ! -e "$dir/driver" ] || echo "$bdf" >"$dir/driver/unbind" || return 1
	echo "$2" >"$dir/driver_override" && echo "$bdf" >/sys/bus/pci/drivers_probe
	[ "$(basename "$(readlink "$dir/driver")")" = "$2" ]
}

# vf_reset N: of the function, whoever uses it.
vf_reset() { echo 1 >"/sys/bus/pci/devices/$(vf_bdf "$1")/reset"; }

# guest_up_vf NAME N: a guest with VF N as its only NIC, booted, with its address.
guest_up_vf() {
	vf_bind "$2" vfio-pci || return 1
	guest_boot "$1" -device "vfio-pci,host=$(vf_bdf "$2")" && guest_up "$1" &&
		guest_run "$1" "ip addr add $(guest_ip "$1")/24 dev eth0 && ip link set eth0 up"
}

# vf_guests_up: two VFs, guest c on VF 0 and d on VF 1, and rules between them; no other rules.
vf_guests_up() {
	check "two VFs" vf_set 2
	ip link set "$(rep pf0vf0)" up
	ip link set "$(rep pf0vf1)" up
	check "guest c boots with VF 0" guest_up_vf c 0 || die "no guest c"
	check "guest d boots with VF 1" guest_up_vf d 1 || die "no guest d"
	rules_clear
	check "rules between them" forward_both pf0vf0 pf0vf1
}
vf_guests_down() { guest_stop c; guest_stop d; vf_set 0; }

# ---- vDPA devices as the server's own NICs

# peer_up N [OPTIONS OF vdpa dev add...]: device vN as a NIC in the name space peerN.
peer_up() {
	local dev ns=peer$1
	vdpa_add "v$1" "52:54:00:cc:00:0$1" "${@:2}" && vdpa_bind "v$1" virtio_vdpa || return 1
	wait_for 5 vdpa_netdev "v$1" || return 1
	dev=$(vdpa_netdev "v$1")
	ip netns list | grep -qw "$ns" || ip netns add "$ns"
	ip link set "$dev" netns "$ns" name nic || return 1
	ip -n "$ns" addr add "10.0.1.1$1/24" dev nic
	ip -n "$ns" link set nic up
	wait_for 5 rep "pf0sf$1" && ip link set "$(rep "pf0sf$1")" up
}

# Two of them, with rules that let them talk.
peers_up() { peer_up 0 && peer_up 1 && forward_both pf0sf0 pf0sf1; }
peers_talk() { ip netns exec peer0 ping -c 2 -i 0.2 -W 2 10.0.1.11; }

peers_clear() {
	guests_clear
	ip netns del peer0 2>/dev/null
	ip netns del peer1 2>/dev/null
}

# ---- the world beyond an uplink

# world_up N: its NIC in a network name space worldN, with an address.
world_up() {
	local dev ns=world$1
	ip netns list | grep -qw "$ns" || ip netns add "$ns"
	ip netns exec "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	dev=$(grep -l "52:54:00:77:00:0$1" /sys/class/net/*/address 2>/dev/null | head -n 1)
	if [ -n "$dev" ]; then
		dev=$(basename "$(dirname "$dev")")
		ip link set "$dev" netns "$ns" name world || return 1
		ip -n "$ns" link set lo up
		ip -n "$ns" link set world up
		ip -n "$ns" addr add "10.0.0.10$1/24" dev world
	fi
	ip -n "$ns" neigh flush all
}

world_run() {
	local ns=world$1
	shift
	ip netns exec "$ns" "$@"
}

# ---- a device in bad hands: v2, whose rings ring_probe writes

# probe MODE [SECONDS]: what the device made of it, in probe_status and probe_used.
probe() {
	local out
	vdpa_bind v2 vhost_vdpa && wait_for 5 vdpa_chardev v2 || return 1
	out=$(timeout 20 "$xvio/ring_probe" "$(vdpa_chardev v2)" "$1" "${2:-3}" 2>&1) ||
		{ note "$out"; return 1; }
	probe_status=$(awk '{ print $2 }' <<<"$out")
	probe_used=$(awk '{ print $4 }' <<<"$out")
}

# check_refused MODE COUNTER WHAT: the ring stops, the device asks for a reset, the card counts it
# under that name.
check_refused() {
	local before dev
	dev=$(rep pf0sf2)
	before=$(counter "$dev" "$2")
	if ! probe "$1"; then
		fail "$3: the probe did not run"
		return
	fi
	check "$3: the device asks for a reset (status $probe_status)" test $((probe_status & 0x40)) -ne 0
	check_ge "$3: counted as $2" 1 $(($(counter "$dev" "$2") - before))
}

# check_probe_good: the device takes a proper frame. (Not by check: it runs commands in a subshell.)
check_probe_good() {
	probe good || { fail "ring_probe sends a frame the proper way"; return; }
	check_eq "the device takes a frame sent the proper way" 1 "$probe_used"
}

# bystanders_start / bystanders_well CLAIM: a pings b all the while, and loses nothing.
bystanders_start() {
	guest_run a 'pkill -x ping; setsid ping -i 0.1 10.0.0.2 >/tmp/bystander 2>&1 </dev/null &' >/dev/null
}
# Lost is what is missing between two replies; one ping may be on its way when we stop it.
bystanders_well() {
	local sum sent got gaps
	sum=$(guest_run a 'pkill -INT -x ping
		for n in 1 2 3 4 5 6 7 8; do grep transmitted /tmp/bystander && break; sleep 0.5; done')
	note "${sum:-the pings say nothing: $(guest_run a 'pgrep -l ping; tail -n 2 /tmp/bystander')}"
	read -r got gaps < <(guest_run a "awk -F 'seq=' '/seq=/ { split(\$2, f, \" \")
		if (n++) gaps += f[1] - last - 1; last = f[1] } END { print n + 0, gaps + 0 }' /tmp/bystander")
	sent=${sum%% packets transmitted*}
	check_ge "$1: replies" 10 "$got"
	check_eq "$1: missing between replies" 0 "$gaps"
	check "$1: at most the last one is on its way" test "$((${sent:-99999} - got))" -le 1
}
