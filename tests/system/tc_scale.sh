#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 100,000 rules by `tc -batch`, of as many masks and priorities as a virtual switch has: all in hardware, each hit by its own packets and
# no others, all counters read; deleted one by one, by priority and with the qdisc, while traffic loses nothing; back after a firmware restart. Rates are stated.
# seconds: 1500
# soc: native
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frames/lib.sh"

frames_begin
for dev in "$A" "$B"; do echo 1 >"/proc/sys/net/ipv6/conf/$dev/disable_ipv6"; done # what it says, NICs may not want
batch=$state/batch

# The sets: prio, protocol, number of rules. Value n of a set has the handle n + 1.
sets="10:ip:60000 20:ip:20000 30:ip:10000 40:ip:5000 50:ipv6:5000"

# make_rules PRIO FROM TO WORD: lines for tc -batch, of a set's rules.
make_rules() {
	awk -v prio="$1" -v from="$2" -v to="$3" -v word="$4" -v a="$A" -v b="$B" '
	function match_of(n, lo) {
		lo = int(n / 256) % 256 "." n % 256
		if (prio == 10) return "src_ip 10.9.0.1 dst_ip 10." 64 + int(n / 65536) "." lo " ip_proto udp src_port 1000 dst_port 2000"
		if (prio == 20) return sprintf("dst_mac 02:bb:00:00:%02x:%02x", int(n / 256), n % 256)
		if (prio == 30) return "dst_ip 10.96." lo " ip_proto tcp dst_port 443"
		if (prio == 40) return "dst_ip 10." 128 + int(n / 256) "." n % 256 ".0/24"
		return sprintf("dst_ip fd01:0:0:%x::/64", n)
	}
	BEGIN {
		protocol = prio == 50 ? "ipv6" : "ip"
		action = prio == 30 ? "drop" : "mirred egress redirect dev " b
		for (n = from; n < to; n++)
			print "filter add dev", a, "ingress protocol", protocol, "prio", prio, "handle", n + 1,
				"flower", word, match_of(n), "action", action
	}'
}

# frame_of PRIO N: a frame that is of value n of the set, and of no other rule.
frame_of() {
	local lo=$(($2 / 256 % 256)).$(($2 % 256))
	case $1 in
	10) ip_dst=10.64.$lo udp4 1000 2000 ;;
	20) frame_dst=02bb0000$(hex 4 "$2") udp4 1000 2000 ;;
	30) ip_dst=10.96.$lo tcp4 1000 443 2 ;;
	40) ip_dst=10.$((128 + $2 / 256)).$(($2 % 256)).7 udp4 1000 2000 ;;
	50) ip6_dst=fd01$(hex 12 "$2")0000000000000001 udp6 1000 2000 ;;
	esac
}
protocol_of() { [ "$1" = 50 ] && echo ipv6 || echo ip; }

# rule_of PRIO N: the rule, as tc shows it with counters; hits PRIO N: what the card has counted for it.
rule_of() { tc -s filter get dev "$A" ingress protocol "$(protocol_of "$1")" prio "$1" handle $(($2 + 1)) flower; }
hits() { rule_of "$1" "$2" | awk '$1 == "Sent" && $2 == "hardware" { n = $5 } END { print n + 0 }'; }

# What the server's CPU has worked, in milliseconds.
busy_ms() { awk '$1 == "cpu" { print 10 * ($2 + $3 + $4 + $7 + $8) }' /proc/stat; }
# timed NAME COMMAND...: how many milliseconds it took, in $NAME_ms; in how many of them the CPU worked, in $NAME_busy.
timed() {
	local began busy
	began=$(date +%s%N) busy=$(busy_ms)
	"${@:2}" || return 1
	printf -v "$1_ms" %d $((($(date +%s%N) - began) / 1000000))
	printf -v "$1_busy" %d $(($(busy_ms) - busy))
}
# rate NUMBER MILLISECONDS
rate() { echo "$(($1 * 1000 / ($2 + 1))) a second"; }

# What the card has lost under other names than drop_rule.
drops() { ethtool -S "$(pf_netdev)" | awk '$1 ~ /^drop_/ && $1 != "drop_rule:" && $2 { printf "%s %s ", $1, $2 }'; }

# ---- as many

tc qdisc add dev "$A" ingress
make_rules 10 0 20000 skip_hw >"$batch"
timed soft tc -batch "$batch" || fail "rules in software only"
note "20,000 in software alone: $soft_ms ms, $(rate 20000 "$soft_ms")"
tc filter del dev "$A" ingress prio 10
: >"$batch"
for s in $sets; do IFS=: read -r prio _ num <<<"$s"; make_rules "$prio" 0 "$num" skip_sw >>"$batch"; done
check_eq "so many rules are to be added" 100000 "$(wc -l <"$batch")"
if timed hard tc -batch "$batch"; then pass "the card takes all of them"; else fail "the card takes all of them"; fi
note "100,000 in hardware: $hard_ms ms, $(rate 100000 "$hard_ms")"
note "a rule takes $((hard_ms / 100)) us, of which the server's CPU waits for the card for $(((hard_ms - hard_busy) / 100)); in software alone $((soft_ms / 20)) us, $(((soft_ms - soft_busy) / 20))"
free -m | awk '$1 == "Mem:" { print "  the server has " $7 " MB left" }'
timed show tc -s filter show dev "$A" ingress >"$state/shown"
note "all shown with their statistics: $show_ms ms, $(rate 100000 "$show_ms")"
check_eq "all are in hardware" 100000 "$(grep -cw in_hw "$state/shown")"
check_eq "none is not" 0 "$(grep -cw not_in_hw "$state/shown")"

# What matches none of them, and what the peers' kernels say.
check "a rule for all other frames" rule pf0sf0 90 all src_mac $frame_src_mac -- drop
forward pf0sf0 pf0sf1 100 && forward pf0sf1 pf0sf0 100 || die "no way between the peers"
check "the peers talk" peers_talk
others() { rule_packets pf0sf0 90; }

# ---- each packet meets its rule

# meets PRIO N: a frame of it is counted by that rule, once, and is what the rule says.
meets() {
	local frame before=$(hits "$1" "$2") caught
	frame=$(frame_of "$1" "$2")
	if [ "$1" = 30 ]; then
		frame_send "$frame"
	else
		caught=$(frame_pass "$frame")
		[ "${caught:0:${#frame}}" = "$frame" ] || { echo "it did not arrive: $caught"; return 1; }
	fi
	[ $(($(hits "$1" "$2") - before)) = 1 ] || { echo "prio $1 number $2 counted $before, then $(hits "$1" "$2")"; return 1; }
}
RANDOM=4711
sent=0
for s in $sets; do
	IFS=: read -r prio _ num <<<"$s"
	for n in 0 $((num - 1)) $(((RANDOM << 15 | RANDOM) % num)) $(((RANDOM << 15 | RANDOM) % num)); do
		check "prio $prio: a frame meets rule $n of $num" meets "$prio" "$n"
		sent=$((sent + 1))
	done
done
frame_send "$(frame_of 10 60001)"
check_eq "what is of none of them meets none" 1 "$(others)"
tc -s filter show dev "$A" ingress >"$state/shown"
check_eq "the counters of all of them say so, too" $sent \
	"$(awk '/pref/ { prio = $5 } $1 == "Sent" && $2 == "hardware" && prio < 90 { n += $5 } END { print n + 0 }' "$state/shown")"

# ---- deleted under traffic

traffic_start() {
	ip netns exec peer0 ping -i 0.002 10.0.1.11 >"$state/traffic" 2>&1 &
	traffic=$!
	sleep 1
}
# Replies that are missing between two others. Those on their way when it ends do not count.
traffic_stop() {
	kill -INT $traffic
	wait $traffic
	traffic_gaps=$(awk -F 'seq=' '/seq=/ { split($2, f, " "); if (n++) gaps += f[1] - last - 1; last = f[1] }
		END { print gaps + 0 }' "$state/traffic")
	traffic_replies=$(grep -c 'seq=' "$state/traffic")
}
traffic_well() {
	traffic_stop
	check_ge "$1: replies" "$2" "$traffic_replies"
	check_eq "$1: replies missing" 0 "$traffic_gaps"
	check_eq "$1: packets that the card lost" "$lost" "$(drops)"
}

lost=$(drops)
traffic_start
awk '$0 ~ / prio 10 / && $11 <= 20000 { print "filter del dev", $4, "ingress protocol ip prio 10 handle", $11, "flower" }' "$batch" >"$batch.del"
before=$(others)
check "one rule of them is deleted" tc filter del dev "$A" ingress protocol ip prio 10 handle 1 flower
frame_send "$(frame_of 10 0)"
check_eq "its packets meet it no more" 1 $(($(others) - before))
check "its neighbour's still meet theirs" meets 10 1
sed -i 1d "$batch.del"
if timed del tc -batch "$batch.del"; then pass "19,999 are deleted one by one"; else fail "19,999 are deleted one by one"; fi
note "$del_ms ms, $(rate 19999 "$del_ms")"
before=$(others)
frame_send "$(frame_of 10 1)"
frame_send "$(frame_of 10 19999)"
check_eq "the last ones' packets meet them no more" 2 $(($(others) - before))
check "their neighbour's still meet theirs" meets 10 20000
for prio in 20 30 40 50; do check "prio $prio: those that remain still decide" meets $prio 4000; done
before=$(others)
timed prio tc filter del dev "$A" ingress prio 10
note "40,000 of a priority at once: $prio_ms ms, $(rate 40000 "$prio_ms")"
frame_send "$(frame_of 10 20000)"
frame_send "$(frame_of 10 59999)"
check_eq "their packets meet them no more" 2 $(($(others) - before))
check "prio 50: those that remain still decide" meets 50 4999
traffic_well "meanwhile" 5000

# With the qdisc all go, the way of the traffic, too: what comes then is a miss, and not lost.
traffic_start
timed qdisc tc qdisc del dev "$A" ingress
note "40,000 and the qdisc: $qdisc_ms ms, $(rate 40000 "$qdisc_ms")"
traffic_stop
check_eq "the card has lost no packet" "$lost" "$(drops)"
hits=$(counter "$A" flow_hits) misses=$(counter "$A" flow_misses)
for prio in 10 20 30 40 50; do frame_send "$(frame_of $prio 1)"; done
check_eq "no rule is left on the card that a frame could meet" 0 $(($(counter "$A" flow_hits) - hits))
check_ge "they come to the representor" 5 $(($(counter "$A" flow_misses) - misses))

# Once more: nothing of the first time takes any room. No rules but these.
rules_clear
tc qdisc add dev "$A" ingress
if timed again tc -batch "$batch"; then pass "all are added once more"; else fail "all are added once more"; fi
note "$again_ms ms, $(rate 100000 "$again_ms")"
restarted() { kernel_said | grep 'restarted in .* 100000 rules; 0 were lost'; }
check "the firmware is crashed" devlink health test "$(card_handle)" reporter fw
check "and restarted, with all of them" wait_for 180 restarted
note "$(restarted | sed 's/.*restarted/restarted/')"
check "prio 50: a frame meets rule 4999 of 5000" meets 50 4999
timed qdisc tc qdisc del dev "$A" ingress
note "and go with the qdisc: $qdisc_ms ms, $(rate 100000 "$qdisc_ms")"
rm -f "$batch" "$batch.del" "$state/shown" "$state/traffic"
peers_clear
check "the kernel has nothing to complain about" kernel_clean
