#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Front-ends with bad manners on xvio-vhost, under sanitizers: each costs its own port at most, and
# that port takes the next front-end. A neighbour's packets pass all the while. (hostile.py has the modes.)
# needs: nothing
# seconds: 400
. "$(dirname "$0")/vhost/lib.sh"

hostile() { timeout 70 python3 "$(dirname "$0")/vhost/hostile.py" "$@"; }

# well: the bad port takes a front-end that behaves, and a packet of it.
well() { vhost_alive && [ "$(hostile "$vhost_dir/bad.sock" good)" = "used 1" ]; }
ends() { [ "$(vhost_ask "a['ports'][0]['link']['connects']" port show "$1")" -ge "$2" ]; }

vhost_start vhost-san --sleep <<-END
	port add bad socket @/bad.sock
	port add client socket @/peer.sock client
	port add good socket @/good.sock
	filter add dev any prio 10 protocol all flower action mirred egress redirect dev good
END
check "a front-end that behaves has its packet taken" well

for mode in $(hostile list); do
	case $mode in
	stays_*) want=stays ;;
	*) want=ended ;;
	esac
	said=$(hostile "$vhost_dir/bad.sock" "$mode" 2>&1)
	if [ "$said" = "$want" ] && well; then
		pass "$mode: session $want, the port goes on"
	else
		fail "$mode: $said (want $want), last end: $(vhost_ask "a['ports'][0]['link']['last_end']" port show bad)"
		vhost_alive || die "xvio-vhost has ended"
	fi
done

for n in 1 2 3; do hostile "$vhost_dir/bad.sock" die 2>/dev/null; done
check "front-ends that are killed under traffic: the port goes on" well
hostile "$vhost_dir/bad.sock" random 0 40
check "forty sessions of random messages: the port goes on" well

# A second front-end, while the first stays.
hostile "$vhost_dir/good.sock" stays_kick_twice >/dev/null &
first=$!
sleep 0.3
check_eq "a second front-end is turned away" ended "$(hostile "$vhost_dir/good.sock" nothing)"
wait "$first"

# Client mode: somebody listens, goes, listens again.
for n in 1 2; do
	timeout 10 socat -u "UNIX-LISTEN:$vhost_dir/peer.sock,unlink-early" /dev/null &
	check "client mode connects, time $n" wait_for 8 ends client "$n"
	kill "$!"
	wait "$!" 2>/dev/null
done
check_eq "the sanitizers have nothing to complain about" "" \
	"$(grep -E 'ERROR|runtime error' "$vhost_dir/switch.log")"
vhost_kill "$vhost_pid"
