/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Fuzzes the rule table: the input is a sequence of additions, removals and lookups, in the classifier
 * and in a cache that stays warm, compared with a list that is searched from end to end.
 */
#include <stdlib.h>
#include "common/bed.h"
#include "common/check.h"
#include "fuzz.h"
#include "hal/fake/fake.h"
#include "lib/list.h"
#include "path/core.h"
#include "path/flow.h"

#define MAX_RULES 64u

static struct xvio_flow_rule reference[MAX_RULES];
static unsigned num_reference;

static void add(struct fuzz_input *input)
{
	struct xvio_flow_rule rule = {.num_actions = 1, .action[0].type = XVIO_ACTION_DROP};
	uint8_t *key = (uint8_t *)&rule.key;
	uint8_t *mask = (uint8_t *)&rule.mask;
	uint8_t flaw = fuzz_take_byte(input);
	uint32_t detail;
	unsigned i;

	rule.cookie = fuzz_take_byte(input) % MAX_RULES;
	rule.prio = fuzz_take_byte(input) % 4;
	for (i = 0; i < 4; i++) { /* a few bytes of the mask, and the key inside it */
		uint8_t at = fuzz_take_byte(input) % 64;

		mask[at] = fuzz_take_byte(input);
		key[at] = fuzz_take_byte(input) & mask[at];
	}
	if (flaw == 0xff) /* a rule of any bytes at all */
		fuzz_take(input, &rule, sizeof(rule));
	if (flow_add(&rule, &detail) != XVIO_ST_OK) {
		if (detail >= sizeof(rule))
			abort();
		return;
	}
	if (num_reference == MAX_RULES)
		flow_del(rule.cookie, NULL);
	else
		reference[num_reference++] = rule;
}

static void del(uint64_t cookie)
{
	bool known = false;
	unsigned i;

	for (i = 0; i < num_reference && !known; i++) {
		if (reference[i].cookie != cookie)
			continue;
		known = true;
		memmove(&reference[i], &reference[i + 1],
			(--num_reference - i) * sizeof(reference[0]));
	}
	if ((flow_del(cookie, NULL) == XVIO_ST_OK) != known)
		abort();
}

static bool matches(const struct xvio_flow_rule *rule, const union flow_key *key)
{
	unsigned i;

	for (i = 0; i < sizeof(*key); i++) {
		if ((((const uint8_t *)key)[i] & ((const uint8_t *)&rule->mask)[i]) !=
		    ((const uint8_t *)&rule->key)[i])
			return false;
	}
	return true;
}

static const struct flow *look_up_cached(const union flow_key *key)
{
	static struct pkt pkt;
	struct burst burst = {.num = 1, .pkt[0] = &pkt};

	pkt.key = *key;
	fake_set_core(1);
	cache_lookup(core_self()->cache, &burst);
	fake_set_core(0);
	return burst_flow(&burst, 0);
}

static void check(const struct flow *flow, const struct xvio_flow_rule *want)
{
	if (!want != !flow || (want && flow->cookie != want->cookie))
		abort();
}

/* A packet that meets one of the rules, but for a byte. */
static void look_up(struct fuzz_input *input)
{
	const struct xvio_flow_rule *best = NULL;
	const struct classifier_entry *entry;
	union flow_key key = {0};
	unsigned i;

	if (num_reference)
		key.field = reference[fuzz_take_byte(input) % num_reference].key;
	i = fuzz_take_byte(input) % 64;
	((uint8_t *)&key)[i] ^= fuzz_take_byte(input);
	for (i = 0; i < num_reference; i++) {
		if (matches(&reference[i], &key) && (!best || reference[i].prio < best->prio))
			best = &reference[i];
	}
	entry = classifier_lookup(&key, 0);
	check(entry ? list_entry(entry, struct flow, entry) : NULL, best);
	check(look_up_cached(&key), best);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct fuzz_input input = {data, len_bytes};

	bed_start(2, 0);
	num_reference = 0;
	while (input.len_bytes) {
		switch (fuzz_take_byte(&input) % 4) {
		case 0:
		case 1:
			add(&input);
			break;
		case 2:
			del(fuzz_take_byte(&input) % MAX_RULES);
			break;
		default:
			look_up(&input);
			break;
		}
	}
	flow_flush();
	return 0;
}
