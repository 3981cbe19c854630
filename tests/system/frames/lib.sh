# SPDX-License-Identifier: GPL-2.0-or-later
# Frames as hexadecimal digits, for tests of rules: what builds them, sends them from the NIC in peer0, and
# catches them at the one in peer1. Sourced behind lib.sh, when peers_up has been called. They have addresses
# of their own, by which a rule can leave out what the peers' kernels say.

frame_src=02aa00000001
frame_dst=02aa00000002
frame_src_mac=02:aa:00:00:00:01
# The network header of what is built next; see frame_defaults.
frame_defaults() {
	ip_src=10.9.0.1 ip_dst=10.9.0.2 ip_tos=0 ip_ttl=64 ip_frag=0
	ip6_src=fd000000000000000000000000000001 ip6_dst=fd000000000000000000000000000002
	ip6_tc=0 ip6_label=0
}
frame_defaults

# hex WIDTH NUMBER
hex() { printf '%0*x' "$1" "$2"; }
# ip4_hex 10.9.0.1
ip4_hex() { local IFS=. p; for p in $1; do hex 2 "$p"; done; }

# sum16 HEX: the Internet checksum of it.
sum16() {
	local data=$1 sum=0 i
	((${#data} % 4 == 0)) || data+=00
	for ((i = 0; i < ${#data}; i += 4)); do sum=$((sum + 0x${data:i:4})); done
	while ((sum >> 16)); do sum=$(((sum & 0xffff) + (sum >> 16))); done
	hex 4 $((sum ^ 0xffff))
}

# eth TYPE PAYLOAD, tagged TAGS: a frame. tag TPID TCI TYPE PAYLOAD: a tag and what follows; or in place of both another tag.
eth() { echo "$frame_dst$frame_src$1$2"; }
tagged() { echo "$frame_dst$frame_src$1"; }
tag() { echo "$1$2$3${4-}"; }

# ipv4 PROTOCOL PAYLOAD, by ip_src, ip_dst, ip_tos, ip_ttl and ip_frag (flags and offset).
ipv4() {
	local head tail
	head=45$(hex 2 "$ip_tos")$(hex 4 $((20 + ${#2} / 2)))1234$(hex 4 "$ip_frag")$(hex 2 "$ip_ttl")$(hex 2 "$1")
	tail=$(ip4_hex "$ip_src")$(ip4_hex "$ip_dst")
	echo "$head$(sum16 "${head}0000$tail")$tail$2"
}
# ipv6 PROTOCOL PAYLOAD, by ip6_src, ip6_dst, ip6_tc, ip6_label and ip_ttl.
ipv6() {
	echo "$(hex 8 $((6 << 28 | ip6_tc << 20 | ip6_label)))$(hex 4 $((${#2} / 2)))$(hex 2 "$1")$(hex 2 "$ip_ttl")$ip6_src$ip6_dst$2"
}

# pseudo VERSION PROTOCOL LENGTH: what checksums of TCP, UDP and ICMPv6 are over besides.
pseudo() {
	if [ "$1" = 4 ]; then
		echo "$(ip4_hex "$ip_src")$(ip4_hex "$ip_dst")$(hex 4 "$2")$(hex 4 "$3")"
	else
		echo "$ip6_src$ip6_dst$(hex 8 "$3")$(hex 8 "$2")"
	fi
}
data=$(printf 'a frame of the xvio tests' | od -An -v -tx1 | tr -d ' \n')

# udp VERSION SPORT DPORT; tcp VERSION SPORT DPORT FLAGS; icmp TYPE CODE; icmp6 TYPE CODE
udp() {
	local len=$((8 + ${#data} / 2)) head
	head=$(hex 4 "$2")$(hex 4 "$3")$(hex 4 $len)
	echo "$head$(sum16 "$(pseudo "$1" 17 $len)${head}0000$data")$data"
}
tcp() {
	local len=$((20 + ${#data} / 2)) head
	head=$(hex 4 "$2")$(hex 4 "$3")000000010000000250$(hex 2 "$4")2000
	echo "$head$(sum16 "$(pseudo "$1" 6 $len)${head}00000000$data")0000$data"
}
icmp() { local head; head=$(hex 2 "$1")$(hex 2 "$2"); echo "$head$(sum16 "${head}000000010001$data")00010001$data"; }
icmp6() {
	local head len=$((8 + ${#data} / 2))
	head=$(hex 2 "$1")$(hex 2 "$2")
	echo "$head$(sum16 "$(pseudo 6 58 $len)${head}000000010001$data")00010001$data"
}
# arp OPERATION SENDER_IP TARGET_IP SENDER_MAC TARGET_MAC
arp() { echo "0001080006040$(hex 3 "$1")$4$(ip4_hex "$2")$5$(ip4_hex "$3")"; }
# lse LABEL TC BOS TTL
lse() { hex 8 $(($1 << 12 | $2 << 9 | $3 << 8 | $4)); }

# The frames that most tests need.
udp4() { eth 0800 "$(ipv4 17 "$(udp 4 "$1" "$2")")"; }
tcp4() { eth 0800 "$(ipv4 6 "$(tcp 4 "$1" "$2" "$3")")"; }
icmp4() { eth 0800 "$(ipv4 1 "$(icmp "$1" "$2")")"; }
udp6() { eth 86dd "$(ipv6 17 "$(udp 6 "$1" "$2")")"; }
tcp6() { eth 86dd "$(ipv6 6 "$(tcp 6 "$1" "$2" "$3")")"; }

# frame_send HEX: out of the NIC in peer0.
frame_send() { printf %b "$(sed 's/../\\x&/g' <<<"$1")" | ip netns exec peer0 timeout 10 socat -u - INTERFACE:nic; }

# frame_pass HEX [NETDEV]: sends it; prints what the NIC in peer1, or a netdev of the server, gets of it.
frame_pass() {
	local in=(ip netns exec peer1) dev=nic file=$state/frame.pcap pid
	[ -z "${2-}" ] || { in=(); dev=$2; }
	rm -f "$file"
	"${in[@]}" timeout 8 tcpdump -Z root -n -U -c 1 -i "$dev" -w "$file" 'ether[6:4] = 0x02aa0000' >/dev/null 2>&1 &
	pid=$!
	# The file's header is there when it listens
	wait_for 5 test -s "$file" || return 1
	frame_send "$1"
	wait "$pid"
	od -An -v -tx1 -j40 "$file" | tr -d ' \n'
}

# frames_begin: what a test of rules begins with. A and B are the representors of the NICs in peer0 and peer1.
frames_begin() {
	script_begin
	card_up
	rules_clear
	frames_up || die "two NICs"
	A=$(rep pf0sf0) B=$(rep pf0sf1)
}

# frames_up: two peers, and nothing on the way that says something by itself.
frames_up() {
	peers_clear
	peer_up 0 && peer_up 1 || return 1
	ip netns exec peer0 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip netns exec peer1 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	frame_defaults
}

# chain_rule REP CHAIN PRIO PROTOCOL MATCH... -- ACTION...: as rule, in a chain.
chain_rule() {
	local dev chain=$2 prio=$3 protocol=$4 match=()
	dev=$(rep "$1") || return 1
	shift 4
	while [ "$1" != -- ]; do match+=("$1"); shift; done
	shift
	tc qdisc show dev "$dev" ingress | grep -q ingress || tc qdisc add dev "$dev" ingress || return 1
	tc filter add dev "$dev" ingress chain "$chain" protocol "$protocol" prio "$prio" \
		flower skip_sw "${match[@]}" action "$@"
}
# chain_packets REP CHAIN PRIO: what the card has counted for it, by its first action.
chain_packets() {
	tc -s filter show dev "$(rep "$1")" ingress chain "$2" prio "$3" |
		awk '$1 == "Sent" && $2 == "hardware" { print $5; seen = 1; exit } END { if (!seen) print 0 }'
}
