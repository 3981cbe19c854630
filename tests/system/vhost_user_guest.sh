#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests of Debian's own QEMU (TCG) on xvio-vhost, stock kernels: they reach each other, TCP
# flows, a rule drops and counts, and they go on after xvio-vhost was killed and started again.
# needs: nothing
# seconds: 420
. "$(dirname "$0")/vhost/lib.sh"
. "$(dirname "$0")/vhost/guest.sh"

# Workers sleep: the guests' CPUs are emulated on the same cores.
switch_start() {
	vhost_start vhost --sleep <<-END
		port add a socket @/a.sock
		port add b socket @/b.sock queues 2
		filter add dev a prio 10 handle 1 protocol all flower action mirred egress redirect dev b
		filter add dev b prio 10 handle 2 protocol all flower action mirred egress redirect dev a
	END
}

guest_unpack
switch_start
guest_start a
guest_netdev=,queues=2 guest_device=,mq=on,vectors=6 guest_start b
guest_up a
guest_up b

check "a reaches b" guest_ping a 10.0.0.2
check "b reaches a with large pings" guest_run b 'ping -i 0.2 -W 2 -c 3 -s 1400 10.0.0.1' 15
check_ge "packets a -> b are counted at the rule" 6 "$(vhost_rule_packets 1)"
guest_run b 'iperf3 -s -D' >/dev/null
kbits=$(guest_iperf a '-c 10.0.0.2 -t 5')
check_ge "iperf3 a -> b, kbit/s" 1000 "$kbits"
for port in a b; do
	check_eq "nothing malformed, no ring error at $port" 0 \
		"$(vhost_ask "sum(n for name, n in a['stats'].items() if 'err' in name or name in ('drop_malformed', 'iotlb_refused'))" stats port $port)"
done

check "a rule drops TCP port 5201 of a" \
	vhost_ask "a['handle']" filter add dev a prio 1 handle 7 protocol ip flower ip_proto tcp dst_port 5201 action drop
check_not "iperf3 no longer connects" guest_run a 'timeout 4 iperf3 -c 10.0.0.2 -t 1 --connect-timeout 3000' 10
check_ge "the rule counts what it drops" 1 "$(vhost_rule_packets 7)"
check "pings still pass" guest_ping a 10.0.0.2
vhost_say filter del handle 7 >/dev/null
check_ge "without the rule iperf3 flows again, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 2')"

vhost_kill "$vhost_pid" KILL
check_not "without xvio-vhost a does not reach b" guest_ping a 10.0.0.2 2
switch_start
check "both guests' QEMUs connect again" wait_for 15 eval 'vhost_connected a && vhost_connected b'
check "a reaches b again" wait_for 20 guest_ping a 10.0.0.2 1
check "and with ten pings" guest_ping a 10.0.0.2 10
check_ge "iperf3 flows again, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 2')"
