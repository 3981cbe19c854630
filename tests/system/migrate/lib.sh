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

# on_resume GUEST COMMAND...: runs it as soon as the guest's QEMU has the guest run. In the background: as the
# server's virtual switch would, when it sees the guest at its new place.
on_resume() {
	local line sock=$state/guest-$1/qmp.sock
	shift
	coproc QMP { exec socat - "UNIX-CONNECT:$sock"; }
	echo '{"execute": "qmp_capabilities"}' >&"${QMP[1]}"
	while IFS= read -r -t 300 line <&"${QMP[0]}"; do
		case $line in
		*'"event": "RESUME"'*) "$@"; break ;;
		esac
	done
	kill "$QMP_PID"
}

migration_state() { guest_qmp "$1" query-migrate '' | sed -n 's/.*"status": "\([a-z-]*\)".*/\1/p' | tail -n 1; }
migration_is_over() { migration_state "$1" | grep -qx 'completed\|failed\|cancelled'; }

# guest_move NAME DEV COMMAND...: the guest goes over to the device DEV of this server; the command is run when
# it does. What QEMU says of it is in moved() then.
guest_move() {
	local name=$1 dev=$2 watch
	shift 2
	guest_start "$name-to" "$dev" -incoming "unix:$state/migrate.sock" || return 1
	wait_for 20 test -S "$state/migrate.sock" || { cat "$state/guest-$name-to/qemu.log"; return 1; }
	on_resume "$name-to" "$@" >"$state/on_resume" 2>&1 &
	watch=$!
	sleep 1
	guest_qmp "$name" migrate "\"uri\": \"unix:$state/migrate.sock\"" || return 1
	wait_for 200 migration_is_over "$name"
	guest_qmp "$name" query-migrate '' >"$state/moved"
	wait $watch
	rm -f "$state/migrate.sock"
	if [ "$(migration_state "$name")" != completed ]; then
		cat "$state/moved" "$state"/guest-"$name"*/qemu.log "$state/on_resume"
		guest_stop "$name-to"
		return 1
	fi
	guest_stop "$name"
	mv "$state/guest-$name-to" "$state/guest-$name"
}

# moved KEY: a number of the last migration, as QEMU tells it.
moved() { grep -o "\"$1\": [0-9]*" "$state/moved" | head -n 1 | sed 's/.*: //'; }

# stream_start GUEST NAMESPACE ADDRESS SECONDS: TCP from the guest to a server in a name space.
stream_start() {
	ip netns exec "$2" iperf3 -s -1 >"$state/stream" 2>&1 &
	sleep 1
	guest_run "$1" "rm -f /tmp/stream.*
		(setsid sh -c 'iperf3 -c $3 -t $4 -f k >/tmp/stream.out 2>&1; echo \$? >/tmp/stream.rc' </dev/null &)" >/dev/null
}
stream_ended() {
	wait_for 120 guest_run "$1" "test -e /tmp/stream.rc"
	guest_run "$1" 'tail -n 6 /tmp/stream.out; exit $(cat /tmp/stream.rc)'
}
stream_kbits() {
	guest_run "$1" 'cat /tmp/stream.out' |
		awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Kbits/sec") print $(i - 1) }'
}

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
