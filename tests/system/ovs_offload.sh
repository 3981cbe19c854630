#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Open vSwitch with hw-offload=true: flows of a bridge, of an ACL in several tables and of a VLAN trunk are in
# the card, the representors go silent, counters agree, flows age, and what is changed takes effect at once.
# soc: native
# seconds: 900
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ovs/lib.sh"

ovs_begin
Q=$(rep p1)
# So that nothing ages before it is asked to
ovs-vsctl set Open_vSwitch . other_config:max-idle=120000
check "a bridge of two guests and two uplinks" ovs_bridge "$A" "$B" "$P" "$Q"
a=$(ovs_port "$A") b=$(ovs_port "$B") p=$(ovs_port "$P")

# ---- a bridge

check "a reaches b" guest_ping a 10.0.0.2
check "a reaches the world" guest_ping a 10.0.0.100
check "the world reaches b" world_run 0 ping -c 3 -i 0.2 -W 2 10.0.0.2
check "ten broadcasts of a" guest_run a "ping -c 10 -i 0.3 -W 1 10.0.0.77 >/dev/null; ! ping -c 1 -W 1 10.0.0.77 >/dev/null"
flood="in_port\($A\).*dst=ff:ff:ff:ff:ff:ff"
check_ge "floods are in the card, to every other port" 1 "$(ovs_num offloaded "$flood.*actions:.*,.*,")"
guests_calm a b

guest_run b 'pgrep iperf3 >/dev/null || iperf3 -s -D' >/dev/null
check_ge "iperf3 a to b, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 2')"
check "b reaches the world" guest_ping b 10.0.0.100
check_eq "flows of the test that are not in the card" "" "$(ovs_in_software)"
check_ge "those that are" 6 "$(ovs_num offloaded "$macs")"

before=$(silent "$A" "$B" "$P" "$Q")
hits=$(counter "$(pf_netdev)" flow_hits)
check_ge "warm: iperf3 a to b, kbit/s" 1000 "$(guest_iperf a '-c 10.0.0.2 -t 3')"
check "warm: 800 pings of a to the world" guest_run a 'ping -c 800 -i 0.005 -W 2 10.0.0.100'
check_ge "packets that the card switched meanwhile" 2000 $(($(counter "$(pf_netdev)" flow_hits) - hits))
check_eq "packets of them that the representors saw" 0 $(($(silent "$A" "$B" "$P" "$Q") - before))

# ---- counters

# of_settled WANT: OVS adds up what its datapath counts about twice a second.
of_settled() { [ $(($(of_packets) - of_before)) = "$1" ]; }
sleep 1.5 # what was before is in the sums
of_before=$(of_packets)
there=$(ovs_flow_ip "$A" "$mac_a" "$mac_b") back=$(ovs_flow_ip "$B" "$mac_b" "$mac_a")
tc_before=$(tc_counts "$A" "$mac_a" "$mac_b")
check "500 pings of 98 bytes" guest_run a 'ping -c 500 -i 0.005 -W 2 10.0.0.2'
check "ovs-ofctl's n_packets: 1000 more" wait_for 5 of_settled 1000
note "ovs-ofctl: $(($(of_packets) - of_before))"
there_now=$(ovs_flow_ip "$A" "$mac_a" "$mac_b") back_now=$(ovs_flow_ip "$B" "$mac_b" "$mac_a")
check_eq "the datapath's flow a to b: packets" 500 $(($(flow_count packets "$there_now") - $(flow_count packets "$there")))
check_eq "bytes" 49000 $(($(flow_count bytes "$there_now") - $(flow_count bytes "$there")))
check_eq "the datapath's flow b to a: packets" 500 $(($(flow_count packets "$back_now") - $(flow_count packets "$back")))
tc_now=$(tc_counts "$A" "$mac_a" "$mac_b")
check_eq "tc's hardware counters: packets" 500 $((${tc_now% *} - ${tc_before% *}))
check_eq "bytes" 49000 $((${tc_now#* } - ${tc_before#* }))

# ---- ageing

check "flows may be idle for two seconds" ovs-vsctl set Open_vSwitch . other_config:max-idle=2000
pings_start a 10.0.0.2
sleep 1
here=$(silent "$A" "$B") used=$(ovs_flow_ip "$A" "$mac_a" "$mac_b")
idle_gone() { [ "$(ovs_num all "$mac_world")" = 0 ] && ! tc filter show dev "$P" ingress | grep -q "$mac_world"; }
check "idle flows leave OVS and the card" wait_for 12 idle_gone
sleep 3
check_eq "no packet of the busy ones came up meanwhile" 0 $(($(silent "$A" "$B") - here))
used=$(($(flow_count packets "$(ovs_flow_ip "$A" "$mac_a" "$mac_b")") - $(flow_count packets "$used")))
check_ge "the busy ones stay, and count on" 40 "$used"
guest_run a 'pkill -x ping' >/dev/null
here=$(silent "$A")
check "a reaches the world again" guest_ping a 10.0.0.100
check_ge "its first packet came up" 1 $(($(silent "$A") - here))
ovs-vsctl set Open_vSwitch . other_config:max-idle=120000

# ---- changes, under traffic

pings_start a 10.0.0.2
check "pings arrive at b" wait_for 5 test "$(left "$B")" != "$(sleep 1; left "$B")"
dropped=$(counter "$A" drop_rule)
check_quick "a drop rule takes effect" stops "$B" ovs-ofctl add-flow br0 "priority=100,icmp,in_port=$a,actions=drop"
check_ge "it is the card that drops" 20 $(($(counter "$A" drop_rule) - dropped))
check_eq "flows of the test that are not in the card" "" "$(ovs_in_software)"
check_quick "the rule goes" goes "$B" ovs-ofctl --strict del-flows br0 "priority=100,icmp,in_port=$a"
check_quick "another output: the old port is left" stops "$B" ovs-ofctl add-flow br0 "priority=100,icmp,in_port=$a,actions=output:$p"
here=$(left "$P")
sleep 1
check_ge "packets leave by the new one" 5 $(($(left "$P") - here))
check_quick "two outputs" goes "$B" ovs-ofctl mod-flows br0 "icmp,in_port=$a,actions=output:$p,output:$b"
check "the flow in the card has both" wait_for 2 ovs_flow "$A" "actions:$P,$B\$"
guest_run a 'pkill -x ping' >/dev/null
ovs-ofctl --strict del-flows br0 "priority=100,icmp,in_port=$a"

# ---- an ACL in three tables

open_port() { guest_run a "nc -z -w ${2:-3} 10.0.0.2 $1"; }
guest_run b 'iperf3 -s -D -p 5001' >/dev/null
check "a reaches port 5001 of b" wait_for 5 open_port 5001
check "rules: pings and port 5201 both ways; nothing else; goto_table, and resubmit" ovs_flows \
	"table=0,priority=20,arp,actions=normal" \
	"table=0,priority=10,ip,actions=goto_table:1" \
	"table=0,priority=0,actions=drop" \
	"table=1,priority=20,icmp,actions=resubmit(,2)" \
	"table=1,priority=20,tcp,tp_dst=5201,actions=goto_table:2" \
	"table=1,priority=20,tcp,tp_src=5201,actions=goto_table:2" \
	"table=1,priority=10,tcp,tp_dst=5001,actions=drop" \
	"table=1,priority=0,actions=drop" \
	"table=2,priority=0,actions=normal"
check "a reaches b" guest_ping a 10.0.0.2
check_ge "iperf3 to the port that is open, kbit/s" 500 "$(guest_iperf a '-c 10.0.0.2 -t 2')"
check_not "the other one is closed" open_port 5001
sleep 1.5
dropped=$(counter "$A" drop_rule)
rule=$(of_packets table=1,tcp,tp_dst=5001)
to_5001='tcp\(.*dst=5001\).*actions:drop'
flows=$(flow_count packets "$(ovs_flow "$A" "$to_5001")")
for _ in 1 2 3; do open_port 5001 2; done
dropped=$(($(counter "$A" drop_rule) - dropped))
check_ge "the card drops (drop_rule)" 3 "$dropped"
same() { [ $(($(of_packets table=1,tcp,tp_dst=5001) - rule)) = "$dropped" ]; }
check "as many as ovs-ofctl counts for the rule" wait_for 5 same
check_eq "and the flow in the datapath" "$dropped" $(($(flow_count packets "$(ovs_flow "$A" "$to_5001")") - flows))
check_eq "three tables are one flow in the card" 1 "$(ovs_flow "$A" "recirc_id\(0\).*src=$mac_a,dst=$mac_b.*dst=5201\).*actions:$B\$" | wc -l)"
check_eq "flows of the test that are not in the card" "" "$(ovs_in_software)"
guest_run a '(iperf3 -c 10.0.0.2 -t 6 >/dev/null 2>&1 &)' >/dev/null
sleep 2.5
here=$(silent "$A" "$B") hits=$(counter "$A" flow_hits)
sleep 2
check_eq "packets that the representors see of a connection that is up" 0 $(($(silent "$A" "$B") - here))
check_ge "the card has switched, of a" 50 $(($(counter "$A" flow_hits) - hits))

# What a virtual router does: the flow in the card rewrites.
check "rules that rewrite" ovs_flows "priority=0,actions=normal" \
	"priority=10,icmp,in_port=$a,actions=mod_dl_src:02:00:00:00:00:77,dec_ttl,output:$b" \
	"priority=10,tcp,in_port=$a,tp_dst=7000,actions=mod_tp_dst:5201,output:$b" \
	"priority=10,tcp,in_port=$b,tp_src=5201,actions=mod_tp_src:7000,output:$a"
check "a reaches b" guest_run a 'ping -c 5 -i 0.3 10.0.0.2'
check_ge "by a flow in the card that sets address and TTL" 1 "$(ovs_flow "$A" 'actions:set\(eth\(src=02:00:00:00:00:77.*set\(ipv4\(ttl=63' | wc -l)"
check_ge "iperf3 to a port that is another one behind the card, kbit/s" 500 "$(guest_iperf a '-c 10.0.0.2 -p 7000 -t 2')"
check_ge "by a flow in the card" 1 "$(ovs_flow "$A" "actions:set\(tcp\(dst=5201\)\),$B\$" | wc -l)"

# A meter of OpenFlow is a policer of the card.
check "a meter of two packets a second" ovs-ofctl -O OpenFlow13 add-meter br0 meter=1,pktps,burst,band=type=drop,rate=2,burst_size=2
check "a rule with it" ovs_flows "priority=0,actions=normal" "priority=10,icmp,in_port=$a,actions=meter:1,output:$b"
dropped=$(counter "$A" drop_policed)
guest_run a 'ping -c 20 -i 0.1 -W 1 10.0.0.2' >/dev/null
check_ge "the card drops the rest (drop_policed)" 10 $(($(counter "$A" drop_policed) - dropped))
check_ge "its flow is in the card" 1 "$(ovs_flow "$A" actions:meter | wc -l)"
check "no rules but the bridge's" ovs_flows "priority=0,actions=normal"
ovs-ofctl -O OpenFlow13 del-meter br0 meter=1

# A port's ingress_policing_rate is a matchall of tc, before all that comes in by the port.
udp() { guest_iperf a "-u -l 1000 -b 3M -c 10.0.0.2 -t ${1:-3}"; }
check_ge "UDP at 3 Mbit/s, kbit/s" 1000 "$(udp)"
flows=$(flow_count packets "$(ovs_flow_ip "$A" "$mac_a" "$mac_b")")
check "a may send 300 kbit/s" ovs-vsctl set Interface "$A" ingress_policing_rate=300 ingress_policing_burst=30
matchall() { tc -s filter show dev "$A" ingress prio 1 | grep -A 12 matchall; }
check "the card polices" eval 'matchall | grep in_hw'
dropped=$(counter "$A" drop_policed)
rate=$(udp 4)
check "UDP at 3 Mbit/s arrives as 0.3: $rate kbit/s" test "$rate" -ge 150 -a "$rate" -le 420
dropped=$(($(counter "$A" drop_policed) - dropped))
check_ge "the card drops the rest (drop_policed)" 270 "$dropped"
check_eq "tc counts as many drops" "$dropped" "$(matchall | sed -nE 's/.*Sent [0-9]+ bytes [0-9]+ pkt \(dropped ([0-9]+),.*/\1/p')"
check_eq "flows of the test that are not in the card" "" "$(ovs_in_software)"
check_ge "the flow's packets are those that were not dropped, and those before" $((flows + 30)) \
	"$(flow_count packets "$(ovs_flow_ip "$A" "$mac_a" "$mac_b")")"
check "without limit again" ovs-vsctl set Interface "$A" ingress_policing_rate=0 ingress_policing_burst=0
check_ge "UDP at 3 Mbit/s, kbit/s" 1000 "$(udp)"

# ---- a VLAN trunk

guest_run a 'ip addr add 10.10.0.1/24 dev eth0' >/dev/null
guest_run a "ip neigh replace 10.10.0.2 lladdr $mac_b dev eth0 nud permanent" >/dev/null
guest_run b "ip addr add 10.10.0.2/24 dev eth0; ip neigh replace 10.10.0.1 lladdr $mac_a dev eth0 nud permanent" >/dev/null
ip -n world0 link add link world name world.10 type vlan id 10
ip -n world0 addr add 10.10.0.100/24 dev world.10
ip -n world0 link set world.10 up
check_not "without tags the world's VLAN 10 is out of reach" guest_ping a 10.10.0.100 2
check "a in VLAN 10, b in 20, a trunk to the world" ovs-vsctl set port "$A" tag=10 -- set port "$B" tag=20 -- set port "$P" trunks=10,20
check "a reaches the world's VLAN 10" guest_ping a 10.10.0.100 5
check_not "not what is untagged there" guest_ping a 10.0.0.100 1
check_not "and not b" guest_ping a 10.10.0.2 1
# Neither asks for the other once more while packets are counted
guest_run a "ip neigh replace 10.10.0.100 lladdr $mac_world dev eth0 nud permanent" >/dev/null
ip -n world0 neigh replace 10.10.0.1 lladdr "$mac_a" dev world.10 nud permanent
check_ge "a flow in the card pushes the tag" 1 "$(ovs_num offloaded "in_port\($A\).*actions:push_vlan\(vid=10,pcp=0\),$P\$")"
check_ge "one pops it" 1 "$(ovs_num offloaded "in_port\($P\).*vlan\(vid=10.*actions:pop_vlan,$A\$")"
here=$(silent "$A" "$P")
ip netns exec world0 timeout 20 tcpdump -Z root -n -e -c 100 -i world 'vlan 10 and icmp[icmptype] == icmp-echo' >"$state/tagged" 2>/dev/null &
sleep 1
check "pings" guest_run a 'ping -c 200 -i 0.01 -W 2 10.10.0.100'
check_eq "packets of them that the representors saw" 0 $(($(silent "$A" "$P") - here))
wait $!
check_eq "on the wire they are tagged" 100 "$(grep -c '802.1Q.*vlan 10.* > 10.10.0.100' "$state/tagged")"
note "$(head -n 1 "$state/tagged")"
world_run 0 sh -c 'pkill -x iperf3; iperf3 -s -D' >/dev/null 2>&1
check_ge "iperf3 over the trunk, kbit/s" 500 "$(guest_iperf a '-c 10.10.0.100 -t 2')"
world_run 0 pkill -x iperf3
note "packets that the representors saw meanwhile: $(($(silent "$A" "$P") - here))"
pings_start a 10.10.0.2
sleep 1
check_quick "b moves to VLAN 10" goes "$B" ovs-vsctl set port "$B" tag=10
check "a reaches b" guest_ping a 10.10.0.2
guest_run a 'pkill -x ping' >/dev/null
check_eq "flows of the test that are not in the card" "" "$(ovs_in_software)"

ovs_down
check "nothing of OVS is left" ovs_is_down
check "the kernel has nothing to complain about" kernel_clean
