# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of xvio-vhost are written with; they run on the build machine, with no card and no
# emulated server. A script sources it, makes claims as the others do, and ends; what it has started
# ends with it. $vhost_dir is its own directory, with the sockets NAME.sock of its ports.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

vhost_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
vhost_dir=$(mktemp -d /tmp/xvio-vhost.XXXXXX)
vhost_pids=() # the last one is at the end
vhost_pid=''
trap vhost_end EXIT

vhost_end() {
	local rc=$? pid
	trap - EXIT
	for pid in "${vhost_pids[@]}"; do vhost_kill "$pid"; done
	[ "$num_failed" -eq 0 ] || tail -n 15 "$vhost_dir"/*.log 2>/dev/null | sed 's/^/  | /'
	rm -rf "$vhost_dir"
	[ "$rc" -ne 0 ] || [ "$num_failed" -eq 0 ] || rc=1
	exit "$rc"
}

# vhost_kill PID [SIGNAL]: ends a process of ours, and waits for it.
vhost_kill() {
	kill "-${2:-TERM}" "$1" 2>/dev/null || return 0
	wait_for 3 not kill -0 "$1" || kill -9 "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# vhost_start FLAVOUR [OPTIONS...]: xvio-vhost on the configuration on standard input, in which
# @ stands for the directory. FLAVOUR: vhost, or vhost-san with sanitizers.
vhost_start() {
	local program=$vhost_root/build/$1/xvio-vhost
	shift
	sed "s#@#$vhost_dir#g" >"$vhost_dir/config"
	"$program" --config "$vhost_dir/config" --control "$vhost_dir/control.sock" "$@" \
		2>>"$vhost_dir/switch.log" &
	vhost_pid=$!
	disown "$vhost_pid" # bash is not to tell how it ends
	vhost_pids+=("$vhost_pid")
	wait_for 10 test -S "$vhost_dir/control.sock" || die "xvio-vhost does not start"
}

vhost_alive() { kill -0 "$vhost_pid" 2>/dev/null; }

# vhost_say WORDS...: one line to the control socket, its answer.
vhost_say() { timeout 5 socat -t 5 - "UNIX-CONNECT:$vhost_dir/control.sock" <<<"$*"; }

# vhost_ask EXPRESSION WORDS...: a Python expression over the answer, which is the dictionary a.
vhost_ask() {
	local expression=$1
	shift
	vhost_say "$@" | python3 -c "import json, sys; a = json.load(sys.stdin); print($expression)"
}

vhost_counter() { vhost_ask "a['stats']['$2']" stats port "$1"; }
vhost_rule_packets() { vhost_ask "a['filters'][0]['packets']" filter show handle "$1"; }
vhost_connected() { [ "$(vhost_ask "a['ports'][0]['link']['connected']" port show "$1")" = True ]; }

# vhost_testpmd OPTIONS...: testpmd without hugepages or PCI; commands come from $vhost_testpmd_in,
# which vhost_tell writes to.
vhost_testpmd() {
	mkfifo "$vhost_dir/testpmd.in"
	dpdk-testpmd --no-pci --no-huge -m 256 --no-telemetry --single-file-segments \
		--file-prefix="xvio$$" "$@" <"$vhost_dir/testpmd.in" >"$vhost_dir/testpmd.log" 2>&1 &
	vhost_testpmd_pid=$!
	vhost_pids+=("$vhost_testpmd_pid")
	exec {vhost_testpmd_in}>"$vhost_dir/testpmd.in"
}
vhost_tell() { echo "$*" >&"$vhost_testpmd_in"; }
vhost_testpmd_end() {
	vhost_tell quit
	wait_for 10 not kill -0 "$vhost_testpmd_pid"
	exec {vhost_testpmd_in}>&-
	vhost_kill "$vhost_testpmd_pid"
	rm -f "$vhost_dir/testpmd.in"
}
