#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DPDK's virtio-user on xvio-vhost, by each of its own ways of driving a ring: what testpmd sends from a
# capture file arrives at the port its rule says, unchanged and in order, and is counted; what a rule drops
# does not. Where buffers are merged, a packet takes up to three of them.
# needs: nothing
# seconds: 240
. "$(dirname "$0")/vhost/lib.sh"

packets=$(dirname "$0")/vhost/packets.py
num=3000

# exchange RINGS SEED OPTIONS PATH: a file of packets through a; b and c into files of their own. PATH is
# how testpmd calls its way of receiving.
exchange() {
	local rings=$1 path=$4 port vdevs=() n=0 more=()
	# The capture ports do not know scattered packets: they are asked of the others, before they start.
	[[ $path != *mergeable* ]] || more=(--mbuf-size=768 --disable-device-start)
	python3 "$packets" make "$vhost_dir/sent.pcap" $num "$2" || die "no packets"
	for port in a b c; do
		vdevs+=("--vdev=net_virtio_user$n,path=$vhost_dir/$port.sock,queue_size=1024,$3"); n=$((n + 1))
	done
	# testpmd forwards between neighbours: port 0 and 1, 2 and 3, 4 and 5.
	vhost_testpmd --vdev "net_pcap0,rx_pcap=$vhost_dir/sent.pcap,tx_pcap=$vhost_dir/back.pcap" "${vdevs[0]}" \
		"${vdevs[1]}" --vdev "net_pcap1,tx_pcap=$vhost_dir/b.pcap" \
		"${vdevs[2]}" --vdev "net_pcap2,tx_pcap=$vhost_dir/c.pcap" \
		-l 0,1 --force-max-simd-bitwidth=512 --log-level='pmd.net.virtio.*:info' \
		-- -i --no-flush-rx --nb-cores=1 --total-num-mbufs=8192 "${more[@]}"
	vhost_tell "set fwd io retry"
	vhost_tell "set burst tx delay 20 retry 5000"
	wait_for 60 grep -q 'testpmd>' "$vhost_dir/testpmd.log" || die "testpmd does not start"
	if [ ${#more[@]} -gt 0 ]; then
		for port in 1 2 4; do
			vhost_tell "port config $port rx_offload scatter on"
		done
		vhost_tell "port start all"
	fi
	check "$rings: three front-ends are there" wait_for 10 all_connected
	wait_for 10 paths_told "$path"
	check_eq "$rings: with the way of receiving that was meant" 3 \
		"$(num_paths "$path")"
	vhost_tell start
	check "$rings: all packets were received" wait_for 30 received $num
	sleep 1
	vhost_testpmd_end
}

num_paths() { grep -c "using $1 on port" "$vhost_dir/testpmd.log"; }
paths_told() { [ "$(num_paths "$1")" = 3 ]; }
all_connected() { vhost_connected a && vhost_connected b && vhost_connected c; }
received() { [ "$(vhost_counter a card_rx_packets)" -ge "$1" ]; }

# claims RINGS: of the exchange just done.
claims() {
	local rings=$1 dropped out
	dropped=$(python3 "$packets" count "$vhost_dir/sent.pcap")
	check "$rings: b has its packets, unchanged and in order" \
		python3 "$packets" same "$vhost_dir/sent.pcap" 02:00:00:00:00:0b "$vhost_dir/b.pcap"
	check "$rings: c has its packets, unchanged and in order" \
		python3 "$packets" same "$vhost_dir/sent.pcap" 02:00:00:00:00:0c "$vhost_dir/c.pcap"
	check_eq "$rings: counted at a" $num "$(vhost_counter a card_rx_packets)"
	check_eq "$rings: dropped by the rule for UDP port 9" "$dropped" "$(vhost_rule_packets 9)"
	out=$(($(vhost_counter b card_tx_packets) + $(vhost_counter c card_tx_packets)))
	check_eq "$rings: sent, dropped and missed make up what was received" $num \
		$((out + dropped + $(vhost_counter a flow_misses)))
	check_eq "$rings: none lost for want of a buffer" 0 \
		$(($(vhost_counter b drop_no_buffer) + $(vhost_counter c drop_no_buffer)))
}

# run RINGS FLAVOUR SEED OPTIONS PATH
run() {
	vhost_start "$2" <<-END
		port add a socket @/a.sock
		port add b socket @/b.sock
		port add c socket @/c.sock
		filter add dev a prio 1 handle 9 protocol ip flower ip_proto udp dst_port 9 action drop
		filter add dev a prio 2 protocol all flower dst_mac 02:00:00:00:00:0b action mirred egress redirect dev b
		filter add dev a prio 2 protocol all flower dst_mac 02:00:00:00:00:0c action mirred egress redirect dev c
	END
	exchange "$1" "$3" "$4" "$5"
	claims "$1"
	check "$1: xvio-vhost is well" vhost_alive
	vhost_kill "$vhost_pid"
	check_eq "$1: nothing to complain about" "" "$(grep -E 'ERROR|runtime error|stopped' "$vhost_dir/switch.log")"
}

run "split" vhost 1 packed_vq=0,in_order=0,mrg_rxbuf=0 "standard Rx path"
run "split, vectorized" vhost 2 packed_vq=0,in_order=0,mrg_rxbuf=0,vectorized=1 "vectorized Rx path"
run "split, in order" vhost 3 packed_vq=0,in_order=1,mrg_rxbuf=0 "inorder Rx path"
run "split, mergeable" vhost 4 packed_vq=0,in_order=0,mrg_rxbuf=1 "mergeable buffer Rx path"
run "split, in order, mergeable" vhost 5 packed_vq=0,in_order=1,mrg_rxbuf=1 "inorder Rx path"
run "packed" vhost 6 packed_vq=1,in_order=0,mrg_rxbuf=0 "packed ring standard Rx path"
run "packed, in order" vhost 7 packed_vq=1,in_order=1,mrg_rxbuf=0 "packed ring standard Rx path"
if grep -qw avx512f /proc/cpuinfo; then
	run "packed, vectorized" vhost 8 packed_vq=1,in_order=1,mrg_rxbuf=0,vectorized=1 \
		"packed ring vectorized Rx path"
else
	skip "packed, vectorized: DPDK has it for AVX512 only, which this machine lacks"
fi
run "packed, mergeable" vhost 9 packed_vq=1,in_order=0,mrg_rxbuf=1 "packed ring mergeable buffer Rx path"
run "split, sanitized" vhost-san 10 packed_vq=0,in_order=1,mrg_rxbuf=0 "inorder Rx path"
run "packed, sanitized" vhost-san 11 packed_vq=1,in_order=0,mrg_rxbuf=0 "packed ring standard Rx path"
run "split, mergeable, sanitized" vhost-san 12 packed_vq=0,in_order=0,mrg_rxbuf=1 "mergeable buffer Rx path"
