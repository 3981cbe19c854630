# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of live migration are written with; sourced behind ../lib.sh.

# mover_add DEV GUEST: a vDPA device that the guest can have; several may have its address.
mover_add() {
	vdpa_add "$1" "$(guest_mac "$2")" && wait_for 5 rep "$(guest_rep_of "$1")" &&
		ip link set "$(rep "$(guest_rep_of "$1")")" up
}

# guest_rep_of DEV: v2 has pf0sf2, as long as devices are made in the order of their numbers.
guest_rep_of() { echo "pf0sf${1#v}"; }

# way_to FROM TO: all that enters at FROM leaves by TO from now on, in place of where it went before.
way_to() {
	local dev
	dev=$(rep "$1") || return 1
	tc qdisc show dev "$dev" ingress | grep -q ingress || tc qdisc add dev "$dev" ingress || return 1
	tc filter replace dev "$dev" ingress protocol all prio 100 handle 1 flower skip_sw \
		action mirred egress redirect dev "$(rep "$2")"
}

# on_event EVENT MONITOR COMMAND...: waits for an event of the QEMU behind that monitor (an address as socat has
# them), writes its time (in microseconds) to $state/EVENT, runs the command.
on_event() {
	local line event=$1 monitor=$2
	shift 2
	rm -f "$state/$event"
	coproc QMP { exec socat - "$monitor" 2>/dev/null; }
	echo '{"execute": "qmp_capabilities"}' >&"${QMP[1]}"
	while IFS= read -r -t 300 line <&"${QMP[0]}"; do
		case $line in
		*"\"event\": \"$event\""*)
			"$@"
			sed 's/.*"seconds": \([0-9]*\), "microseconds": \([0-9]*\).*/\1 \2/' <<<"$line" |
				awk '{ printf "%d\n", $1 * 1000000 + $2 }' >"$state/$event"
			break ;;
		esac
	done
	kill "$QMP_PID"
}

migration_state() { guest_qmp "$1" query-migrate '' | sed -n 's/.*"status": "\([a-z-]*\)".*/\1/p' | tail -n 1; }
migration_is_over() { migration_state "$1" | grep -qx 'completed\|failed\|cancelled'; }

# migrate NAME URI MONITOR COMMAND...: the guest goes to the QEMU that waits there, whose monitor that is; the command
# is run when it goes on: as the server's virtual switch would do something, when it sees the guest at its new place.
# What QEMU says of it is in moved() then. True if it has gone.
migrate() {
	local name=$1 uri=$2 watch=()
	shift 2
	on_event STOP "UNIX-CONNECT:$state/guest-$name/events.sock" true &
	watch+=($!)
	on_event RESUME "$@" >"$state/on_resume" 2>&1 &
	watch+=($!)
	sleep 1
	guest_qmp "$name" migrate "\"uri\": \"$uri\"" >/dev/null || return 1
	wait_for 200 migration_is_over "$name"
	guest_qmp "$name" query-migrate '' >"$state/moved"
	[ "$(migration_state "$name")" = completed ] || kill "${watch[@]}"
	wait "${watch[@]}"
	[ "$(migration_state "$name")" = completed ] || { cat "$state/moved" "$state/on_resume"; return 1; }
}

# A QEMU of this server waits for a guest: NAME-to, on device DEV.
guest_await() {
	guest_start "$1-to" "$2" -incoming "unix:$state/migrate.sock" && wait_for 20 test -S "$state/migrate.sock" ||
		{ cat "$state/guest-$1-to/qemu.log"; return 1; }
}
guest_awaits_no_more() {
	rm -f "$state/migrate.sock"
	guest_stop "$1-to"
}

# guest_move NAME DEV COMMAND...: the guest goes over to the device DEV of this server.
guest_move() {
	local name=$1 dev=$2
	shift 2
	guest_await "$name" "$dev" || return 1
	if ! migrate "$name" "unix:$state/migrate.sock" "UNIX-CONNECT:$state/guest-$name-to/events.sock" "$@"; then
		cat "$state"/guest-"$name"*/qemu.log
		guest_awaits_no_more "$name"
		return 1
	fi
	rm -f "$state/migrate.sock"
	guest_kill "$name" # asked to end, it would remove sockets by names that are no longer its own
	rm -rf "$state/guest-$name"
	mv "$state/guest-$name-to" "$state/guest-$name"
}

# guest_move_undone NAME DEV HOW: the guest begins to move, slowly, and does not get there: the move is cancelled, or
# the QEMU that waited for it is killed. True if the guest runs where it was.
guest_move_undone() {
	local name=$1 dev=$2 how=$3
	guest_await "$name" "$dev" || return 1
	guest_qmp "$name" migrate-set-parameters '"max-bandwidth": 4000000' >/dev/null
	guest_qmp "$name" migrate "\"uri\": \"unix:$state/migrate.sock\"" >/dev/null || return 1
	sleep 3
	[ "$(migration_state "$name")" = active ] || { echo "it is not on its way: $(migration_state "$name")"; return 1; }
	if [ "$how" = cancel ]; then
		guest_qmp "$name" migrate_cancel '' || return 1
	else
		guest_kill "$name-to"
	fi
	wait_for 60 migration_is_over "$name"
	guest_qmp "$name" migrate-set-parameters '"max-bandwidth": 134217728'
	echo "$how: $(migration_state "$name")"
	guest_awaits_no_more "$name"
	[ "$(migration_state "$name")" != completed ]
}

# Milliseconds for which the guest stood still, by QEMU's events; QEMU's own "downtime" ends when the source is done.
stood_still() { echo $((($(cat "$state/RESUME") - $(cat "$state/STOP")) / 1000)); }

# moved KEY: a number of the last migration, as QEMU tells it.
moved() { grep -o "\"$1\": [0-9]*" "$state/moved" | head -n 1 | sed 's/.*: //'; }

# The firmware's log, as the driver shows it.
card_log() {
	devlink health dump clear "$(card_handle)" reporter fw 2>/dev/null
	devlink -j health dump show "$(card_handle)" reporter fw | grep -o '\[[0-9]*\.[0-9]*\] [^"]*'
}
# What it says from the last suspension of one device to the last start of a queue of another.
card_log_of_move() {
	card_log | awk -v from="vdpa ${1#v}: suspended" -v to="vdpa ${2#v}: queue ready" '{ line[NR] = $0 }
		index($0, from) { first = NR } index($0, to) { last = NR }
		END { for (i = first; i <= last; i++) print line[i] }'
}
# card_share FROM TO: microseconds that the card was busy in between; card_pause: that there were.
card_share() { card_log_of_move "$1" "$2" | awk '{ us += $(NF - 1) } END { print us + 0 }'; }
card_pause() {
	card_log_of_move "$1" "$2" | tr -d '[]' | awk 'NR == 1 { from = $1 } { to = $1 } END { printf "%d", (to - from) * 1000000 }'
}

# keeps_strangers_out REP: frames for another station, sent by peer 1, end at the guest's device: its driver has said by
# the control queue that it wants its own only. A device that was not told takes all. (VLANs would not show it: QEMU 10
# asks for all 4,096 in the guest's name.)
keeps_strangers_out() {
	local before now
	before=$(counter "$(rep "$1")" drop_filtered)
	ip -n peer1 neigh replace 10.0.0.77 lladdr 52:54:00:aa:00:77 dev nic
	ip netns exec peer1 ping -c 5 -i 0.2 -W 1 10.0.0.77
	now=$(counter "$(rep "$1")" drop_filtered)
	echo "drop_filtered: $before, $now"
	[ "$now" -ge $((before + 5)) ]
}

# stream_start GUEST NAMESPACE ADDRESS: TCP from the guest to a server in a name space, until it is told to end.
stream_start() {
	ip netns exec "$2" iperf3 -s -1 >"$state/stream" 2>&1 &
	sleep 1
	guest_run "$1" "rm -f /tmp/stream.*
		(setsid sh -c 'iperf3 -c $3 -t 6000 -f k --forceflush >/tmp/stream.out 2>&1; echo \$? >/tmp/stream.rc' </dev/null >/dev/null 2>&1 &)
		for i in \$(seq 30); do sleep 1; [ ! -s /tmp/stream.out ] || exit 0; done; exit 1"
}
# The connection is the one of the beginning, and carries something.
stream_carries() {
	guest_run "$1" 'sleep 4; tail -n 2 /tmp/stream.out; [ ! -e /tmp/stream.rc ] &&
		tail -n 2 /tmp/stream.out | awk "\$7 > 0 { n++ } END { exit !n }"'
}
stream_stop() { guest_run "$1" 'pkill iperf3; sleep 1' >/dev/null; }

# pings_start NAMESPACE ADDRESS: one each millisecond, as well as the server can.
pings_start() {
	ip netns exec "$1" ping -D -i 0.001 "$2" >"$state/pings" 2>&1 &
	pings_pid=$!
}
pings_stop() {
	kill -INT "$pings_pid"
	wait "$pings_pid"
	awk '/icmp_seq=/ {
			split($0, f, "icmp_seq="); seq = f[2] + 0; now = substr($1, 2) + 0
			if (/DUP/) { twice++; next }
			step = (seq - last + 65536) % 65536
			if (got++) {
				if (step > 32768) { disorder++; next }
				missing += step - 1
				if (now - at > gap) gap = now - at
			}
			last = seq; at = now
		}
		/packets transmitted/ { sent = $1 }
		END { printf "sent %d\ngot %d\ntwice %d\ndisorder %d\nmissing %d\ngap_ms %d\n",
			sent, got, twice, disorder, missing, gap * 1000 }' "$state/pings" >"$state/pings.sum"
}
pings() { sed -n "s/^$1 //p" "$state/pings.sum"; }

# ---- two servers, wired by both uplinks and by a cable of their own

# cable_up N: this server is 10.99.0.N.
cable_up() {
	local dev
	dev=$(grep -l "52:54:00:77:01:0$1" /sys/class/net/*/address | head -n 1)
	[ -n "$dev" ] || return 1
	dev=$(basename "$(dirname "$dev")")
	ip addr add "10.99.0.$1/24" dev "$dev"
	ip link set "$dev" up
}

# there COMMAND: in the other server, in a shell with this library; its output and its status.
there() {
	local out
	out=$(base64 -w 0 <<<"$1" | socat -t 300 - TCP:10.99.0.2:7000) || return 125
	sed '$d' <<<"$out"
	[ "$(tail -n 1 <<<"$out")" = "status: 0" ]
}
other_answers() { there true; }
