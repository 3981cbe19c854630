/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Commands of xvio-vhost on the real path and the fake HAL: what a line makes of ports and rules, and
 * what is said to those that are wrong.
 */
#include "common/check.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <jansson.h>
#include <xvio/mbox.h>
#include "command.h"
#include "flower.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "path/flow.h"
#include "path/port.h"
#include "path/worker.h"
#include "rules.h"
#include "stub.h"
#include "vport.h"
#include "words.h"

static int start(void **state)
{
	size_t len_bytes;
	void *memory;

	(void)state;
	fake_reset(3, 0);
	fake_set_poll(worker_poll);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	return 0;
}

static int end(void **state)
{
	(void)state;
	rules_flush();
	vport_remove_all();
	return 0;
}

static struct command_batch batch;

static json_t *run(const char *line)
{
	bool good;
	char *answer = command_run(&batch, line, &good);
	json_t *json = answer ? json_loads(answer, 0, NULL) : NULL;

	assert_true(!answer || json);
	assert_true(!answer || !strchr(answer, '\n'));
	assert_true(!json || json_is_true(json_object_get(json, "ok")) == good);
	free(answer);
	return json;
}

static void good(const char *line)
{
	json_t *json = run(line);

	if (!json_is_true(json_object_get(json, "ok")))
		fail_msg("%s: %s", line, json_string_value(json_object_get(json, "error")));
	json_decref(json);
}

/* Refused, with these words in the reason. */
static void bad(const char *line, const char *why)
{
	json_t *json = run(line);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (!error || !strstr(error, why))
		fail_msg("%s: '%s' is not in '%s'", line, why, error ? error : "(no error)");
	json_decref(json);
}

static void two_ports(void)
{
	good("port add a socket /run/a.sock mac 52:54:00:00:00:0a core 2");
	good("port add b socket /run/b.sock client queues 4 mtu 9000");
}

static void test_ports(void **state)
{
	const struct vport *a;
	const struct vport *b;
	json_t *json;

	(void)state;
	two_ports();
	a = vport_find("a");
	b = vport_find("b");
	assert_true(port_exists(a->number) && port_admin(a->number));
	assert_int_equal(a->options.core, 2);
	assert_int_equal(a->options.num_pairs, 1);
	assert_int_equal(port_mtu(b->number), 9000);
	assert_true(b->options.client);
	json = run("port show b");
	assert_int_equal(json_array_size(json_object_get(json, "ports")), 1);
	json_decref(json);
	json = run("port show");
	assert_int_equal(json_array_size(json_object_get(json, "ports")), 2);
	json_decref(json);
	good("port del a");
	assert_null(vport_find("a"));
	assert_false(port_exists(XVIO_PORT_VDPA(0)));
	bad("port del a", "no such port");
}

static void test_bad_ports(void **state)
{
	char line[400];

	(void)state;
	good("port add a socket /x");
	bad("port add a socket /y", "'a': this name is taken");
	bad("port add any socket /y", "taken");
	bad("port add", "'add': a name is missing");
	bad("port add c", "socket is missing");
	bad("port add c sock /y", "'sock': 'socket' should stand here");
	bad("port add c socket /y queues 9", "'9': queues is a number up to 8");
	bad("port add c socket /y queues 0", "at least one");
	bad("port add c socket /y mtu 67", "at least 68");
	bad("port add c socket /y mtu 9217", "'9217'");
	bad("port add c socket /y core 3", "'3'");
	bad("port add c socket /y core 0", "counted from 1");
	bad("port add c socket /y mac 52:54", "xx:xx");
	bad("port add c socket /y fast", "'fast': not understood");
	bad("port add c/d socket /y", "a name is");
	snprintf(line, sizeof(line), "port add c socket /%0120d", 0);
	bad(line, "up to 107");
	bad("port", "is missing");
	bad("port list", "'list': not understood behind 'port'");
	bad("prot add", "'prot': no such command");
	assert_null(run(""));
	assert_null(run("  # a comment"));
}

/* The rule that words make, without the path. */
static struct xvio_flow_rule parse(const char *text)
{
	static struct words words;
	struct flower_selection selection;
	struct xvio_flow_rule rule;
	char line[1024];

	snprintf(line, sizeof(line), "dev a prio 7 %s action mirred egress redirect dev b", text);
	assert_true(words_split(&words, line));
	if (!flower_parse_rule(&words, &selection, &rule))
		fail_msg("%s: %s", line, words.error);
	return rule;
}

static void test_keys(void **state)
{
	struct xvio_flow_rule want = {.prio = 7, .num_actions = 1};
	struct xvio_flow_rule rule;

	(void)state;
	two_ports();
	want.key.in_port = XVIO_PORT_VDPA(0);
	want.mask.in_port = 0xffff;
	want.action[0].type = XVIO_ACTION_OUTPUT;
	want.action[0].arg = XVIO_PORT_VDPA(1);
	rule = parse("protocol all flower");
	assert_memory_equal(&rule, &want, sizeof(want));

	want.key.eth_type = htons(0x0800);
	want.mask.eth_type = 0xffff;
	want.mask.vlan_tpid = 0xffff; /* untagged */
	want.key.ip_proto = 6;
	want.mask.ip_proto = 0xff;
	memcpy(want.key.ip_src, (uint8_t[]){10, 1, 0, 0}, 4);
	memcpy(want.mask.ip_src, (uint8_t[]){255, 255, 0, 0}, 4);
	memcpy(want.key.ip_dst, (uint8_t[]){10, 2, 3, 4}, 4);
	memset(want.mask.ip_dst, 0xff, 4);
	want.key.tp_src = htons(80);
	want.mask.tp_src = 0xffff;
	want.key.tp_dst = htons(0x100);
	want.mask.tp_dst = htons(0xff00);
	want.key.tcp_flags = htons(2);
	want.mask.tcp_flags = htons(0x12);
	rule = parse("protocol ip flower ip_proto tcp src_ip 10.1.2.3/16 dst_ip 10.2.3.4 "
		     "src_port 80 dst_port 0x1ff/0xff00 tcp_flags 0x2/0x12");
	assert_memory_equal(&rule, &want, sizeof(want));

	memset(&want.key, 0, sizeof(want.key));
	memset(&want.mask, 0, sizeof(want.mask));
	want.key.in_port = XVIO_PORT_VDPA(0);
	want.mask.in_port = 0xffff;
	want.key.vlan_tpid = htons(0x8100);
	want.mask.vlan_tpid = 0xffff;
	want.key.vlan_tci = htons(5 << 13 | 0x1000 | 100);
	want.mask.vlan_tci = 0xffff;
	want.key.eth_type = htons(0x86dd);
	want.mask.eth_type = 0xffff;
	want.key.ip_proto = 58;
	want.mask.ip_proto = 0xff;
	want.key.tp_src = htons(135 << 8 | 1);
	want.mask.tp_src = 0xffff;
	want.key.flags = 0;
	want.mask.flags = 1;
	rule = parse("protocol 802.1q flower vlan_id 100 vlan_prio 5 vlan_ethtype ipv6 "
		     "ip_proto icmpv6 type 135 code 1 ip_flags nofrag");
	assert_memory_equal(&rule, &want, sizeof(want));
}

static void test_actions(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	static struct words words;
	struct flower_selection selection;
	struct xvio_flow_rule rule;

	(void)state;
	two_ports();
	assert_true(words_split(&words, "dev any prio 1 protocol all flower "
					"action mirred egress mirror dev a pipe "
					"action pedit ex munge eth dst set 02:00:00:00:00:09 pipe "
					"action mirred egress redirect dev b"));
	assert_true(flower_parse_rule(&words, &selection, &rule));
	assert_int_equal(rule.mask.in_port, 0);
	assert_int_equal(rule.num_actions, 4);
	assert_int_equal(rule.action[0].type, XVIO_ACTION_MIRROR);
	assert_int_equal(rule.action[0].arg, XVIO_PORT_VDPA(0));
	assert_int_equal(rule.action[1].type, XVIO_ACTION_SET);
	assert_int_equal(rule.action[1].a, XVIO_HDR_ETH);
	assert_memory_equal(&rule.action[1].value, mac, 4);
	assert_int_equal(rule.action[2].arg, 4);
	assert_memory_equal(&rule.action[2].value, mac + 4, 2);
	assert_int_equal(rule.action[3].type, XVIO_ACTION_OUTPUT);
	assert_int_equal(rule.action[3].arg, XVIO_PORT_VDPA(1));
	good("filter add dev any prio 1 protocol all flower action pedit ex munge eth dst set "
	     "02:00:00:00:00:09 pipe action mirred egress redirect dev b");
	bad("filter add dev a prio 1 protocol all flower action pedit ex munge eth dst set "
	    "02:00:00:00:00:09",
	    "must be the last");
	bad("filter add dev a prio 1 protocol all flower action pedit ex munge eth src set "
	    "02:00:00:00:00:09 pipe action mirred egress redirect dev b",
	    "'src': 'dst' should stand here");
}

static void test_bad_rules(void **state)
{
	static const char *const lines[][2] = {
		{"filter add prio 1 protocol all flower action drop", "no 'dev'"},
		{"filter add dev c prio 1 protocol all flower action drop", "'c': no such port"},
		{"filter add dev a protocol all flower action drop", "no 'prio'"},
		{"filter add dev a prio 0 protocol all flower action drop", "no 'prio'"},
		{"filter add dev a prio 1 flower action drop", "no 'protocol'"},
		{"filter add dev a prio 1 protocol ipx flower action drop", "'ipx'"},
		{"filter add dev a prio 1 protocol all u32 action drop", "'u32'"},
		{"filter add dev a prio 1 protocol all handle 0 flower action drop", "not 0"},
		{"filter add dev a prio 1 protocol all flower", "action is missing"},
		{"filter add dev a prio 1 protocol all flower ct_state +est action drop",
		 "'ct_state': no key"},
		{"filter add dev a prio 1 protocol all flower src_ip 1.2.3.4 action drop",
		 "'src_ip': needs protocol ip"},
		{"filter add dev a prio 1 protocol ip flower src_ip ::1 action drop", "'::1'"},
		{"filter add dev a prio 1 protocol ip flower dst_port 80 action drop",
		 "'dst_port': needs ip_proto"},
		{"filter add dev a prio 1 protocol ip flower vlan_id 1 action drop",
		 "'vlan_id': needs protocol 802.1q"},
		{"filter add dev a prio 1 protocol ip flower ip_proto tcp type 1 action drop",
		 "'type': needs ip_proto icmp"},
		{"filter add dev a prio 1 protocol ip flower ip_flags nofirstfrag action drop",
		 "'nofirstfrag'"},
		{"filter add dev a prio 1 protocol all flower action pass", "'pass'"},
		{"filter add dev a prio 1 protocol all flower action drop drop", "'drop'"},
		{"filter add dev a prio 1 protocol all flower action mirred ingress redirect dev b",
		 "'ingress'"},
		{"filter add dev a prio 1 protocol all flower action mirred egress mirror dev b",
		 "must be the last"},
		{"filter add dev a prio 1 protocol all flower action mirred egress redirect dev c",
		 "'c': no such port"},
		{"filter add dev a prio 1 protocol all flower action mirred egress mirror dev b "
		 "action drop",
		 "only action"},
		{"filter del", "should stand behind"},
		{"filter del dev a", "no such filter"},
		{"filter del handle 5", "no such filter"},
	};
	unsigned i;

	(void)state;
	two_ports();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad(lines[i][0], lines[i][1]);
	assert_int_equal(rules_num(), 0);
}

static void test_rules(void **state)
{
	struct xvio_flow_stats stats;
	json_t *json;
	json_t *filters;

	(void)state;
	two_ports();
	good("filter add dev a prio 5 handle 77 protocol ip flower action drop");
	bad("filter add dev a prio 5 handle 77 protocol ip flower action drop", "already");
	good("filter add dev a prio 9 protocol all flower action mirred egress mirror dev a pipe "
	     "action mirred egress redirect dev b");
	good("filter add dev any prio 9 protocol arp flower arp_tip 10.0.0.1 action drop");
	assert_int_equal(flow_stats(77, &stats), XVIO_ST_OK);
	assert_int_equal(rules_num(), 3);
	json = run("filter show dev a");
	filters = json_object_get(json, "filters");
	assert_int_equal(json_array_size(filters), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(filters, 1), "rule")),
			    "protocol ip flower action drop");
	json_decref(json);
	good("filter del dev a prio 5 handle 77 flower");
	assert_int_equal(flow_stats(77, &stats), XVIO_ST_BAD_OBJECT);
	good("filter del dev any prio 9");
	assert_int_equal(rules_num(), 1);
	/* A rule leaves with the port it leads to. */
	good("port del b");
	assert_int_equal(rules_num(), 0);
	good("port add b socket /run/b.sock");
	good("filter add dev b prio 1 protocol all flower action drop");
	good("filter flush");
	assert_int_equal(rules_num(), 0);
}

static void begin(void)
{
	assert_null(run("batch begin"));
	assert_true(batch.open);
}

/* A line that has no answer of its own. */
static void quiet(const char *line)
{
	assert_null(run(line));
	assert_true(batch.open);
}

static void ends_done(unsigned done)
{
	json_t *json = run("batch end");

	assert_false(batch.open);
	assert_true(json_is_true(json_object_get(json, "ok")));
	assert_int_equal(json_integer_value(json_object_get(json, "done")), done);
	assert_int_equal(json_object_size(json), 2);
	json_decref(json);
}

static void ends_failed(unsigned line, unsigned done, const char *why)
{
	json_t *json = run("batch end");
	const char *error = json_string_value(json_object_get(json, "error"));

	assert_false(batch.open);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_int_equal(json_integer_value(json_object_get(json, "line")), line);
	assert_int_equal(json_integer_value(json_object_get(json, "done")), done);
	if (!error || !strstr(error, why))
		fail_msg("'%s' is not in '%s'", why, error ? error : "(no error)");
	json_decref(json);
}

static void test_batch(void **state)
{
	struct xvio_flow_stats stats;

	(void)state;
	begin();
	ends_done(0);
	begin();
	quiet("port add a socket /run/a.sock");
	quiet("# a comment");
	quiet("");
	quiet("filter add dev a prio 5 handle 7 protocol ip flower action drop");
	quiet("filter add dev a prio 5 handle 8 protocol arp flower action drop");
	assert_int_equal(rules_num(), 2); /* each as it is read */
	quiet("filter del handle 7");
	ends_done(4);
	assert_int_equal(rules_num(), 1);
	assert_int_equal(flow_stats(8, &stats), XVIO_ST_OK);
	bad("batch end", "begins and ends on the control socket");
	good("filter flush"); /* answered again */
}

/* Of a batch that fails all stands before the line that failed, and nothing behind it. */
static void test_batch_fails(void **state)
{
	static const char *const lines[][2] = {
		{"filter del handle 5", "no such filter"},
		{"filter add dev c prio 1 protocol all flower action drop", "'c': no such port"},
		{"filter add dev a prio 1 handle 1 protocol arp flower action drop", "already"},
		{"filter show", "'show': not in a batch"},
		{"stats", "'stats': not in a batch"},
		{"quit", "'quit': not in a batch"},
		{"batch begin", "'begin': not in a batch"},
		{"foo", "'foo': no such command"},
		{"filter", "is missing"},
		{"filter \x01", "not text"},
	};
	unsigned i;

	(void)state;
	good("port add a socket /run/a.sock");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		begin();
		quiet("filter add dev a prio 1 handle 1 protocol all flower action drop");
		quiet("# a comment is a line");
		quiet(lines[i][0]);
		quiet("filter flush");
		quiet("foo");
		ends_failed(3, 1, lines[i][1]);
		assert_int_equal(rules_num(), 1);
		good("filter flush");
	}
	assert_false(command_has_quit());
}

/* Handles that come and go, in no order, are shown in order and found. */
static void test_handles(void **state)
{
	bool here[600] = {false};
	unsigned num = 0;
	unsigned round;
	unsigned i;
	json_t *json;
	json_t *filters;

	(void)state;
	good("port add a socket /run/a.sock");
	check_seed(3);
	for (round = 0; round < 4000; round++) {
		unsigned handle = 1 + check_random(599);
		char line[128];

		snprintf(line, sizeof(line),
			 here[handle] ? "filter del handle %u"
				      : "filter add dev a prio 1 handle %u protocol all flower "
					"action drop",
			 handle);
		good(line);
		here[handle] = !here[handle];
		num = here[handle] ? num + 1 : num - 1;
		assert_int_equal(rules_num(), num);
	}
	json = run("filter show");
	filters = json_object_get(json, "filters");
	assert_int_equal(json_array_size(filters), num);
	num = 0;
	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		if (!here[i])
			continue;
		assert_int_equal(json_integer_value(
					 json_object_get(json_array_get(filters, num++), "handle")),
				 i);
	}
	json_decref(json);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_files(void **state)
{
	char path[] = "/tmp/xvio-vhost-XXXXXX";
	char error[512];
	char want[600];

	(void)state;
	close(mkstemp(path));
	write_file(path, "# two\nport add a socket /run/a\n\nport add b socket /run/b\n"
			 "filter add dev a prio 1 protocol all flower action drop\n");
	assert_true(command_run_file(path, error, sizeof(error)));
	assert_int_equal(rules_num(), 1);
	write_file(path, "batch begin\n");
	assert_false(command_run_file(path, error, sizeof(error)));
	assert_non_null(strstr(error, "on the control socket"));
	write_file(path, "port add c socket /run/c\n\nfilter add dev d prio 1\n");
	assert_false(command_run_file(path, error, sizeof(error)));
	snprintf(want, sizeof(want), "%s:3: 'd': no such port", path);
	assert_string_equal(error, want);
	assert_int_equal(stub_links, 0); /* no socket before all of it was good */
	unlink(path);
	assert_false(command_run_file(path, error, sizeof(error)));
	assert_non_null(strstr(error, "No such file"));
}

static void test_rest(void **state)
{
	json_t *json;

	(void)state;
	two_ports();
	json = run("stats port a");
	assert_true(
		json_is_integer(json_object_get(json_object_get(json, "stats"), "drop_malformed")));
	json_decref(json);
	bad("stats port c", "no such port");
	good("stats");
	good("stats cores");
	good("poll busy");
	assert_true(worker_is_polling() && !stub_sleeps);
	good("poll adaptive");
	assert_true(!worker_is_polling() && stub_sleeps);
	bad("poll", "adaptive is missing");
	bad("quit now", "'now'");
	assert_false(command_has_quit());
	good("quit");
	assert_true(command_has_quit());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ports),	TEST(test_bad_ports), TEST(test_keys),
		TEST(test_actions),	TEST(test_bad_rules), TEST(test_rules),
		TEST(test_handles),	TEST(test_files),     TEST(test_batch),
		TEST(test_batch_fails), TEST(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
