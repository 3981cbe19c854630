/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules by handle (rules.h): what handles.h finds. Core 0. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>
#include <xvio/mbox.h>
#include <xvio/port.h>
#include "handles.h"
#include "path/flow.h"
#include "vport.h"

struct rule {
	struct handle handle; /* comes first */
	uint32_t prio;
	uint16_t in_port; /* XVIO_PORT_NONE: any */
	uint8_t num_outputs;
	uint16_t output[XVIO_FLOW_MAX_ACTIONS];
	char text[]; /* the words behind dev, prio and handle */
};

/* Which rules are meant: by selection, or if it is NULL those that name a port. */
struct rules_wanted {
	const struct flower_selection *selection;
	uint16_t port;
};

static uint64_t rules_next_handle = 1;

uint64_t rules_num(void)
{
	return handles_num();
}

static struct rule *rules_of(struct handle *handle)
{
	return (struct rule *)handle;
}

/* A word whose value has a field of its own. */
static bool rules_has_field(const char *word)
{
	return words_same(word, "dev") || words_same(word, "prio") || words_same(word, "pref") ||
	       words_same(word, "handle");
}

/* The words of a rule as they were given, but for those with fields; returns the length. */
static size_t rules_join(const struct words *words, unsigned from, char text[WORDS_LINE_BYTES])
{
	bool head = true; /* before 'flower' */
	char *to = text;
	unsigned i;

	for (i = from; i < words->num; i++) {
		head = head && !words_same(words->word[i], "flower");
		if (head && rules_has_field(words->word[i])) {
			i++;
			continue;
		}
		memcpy(to, words->word[i], words->len[i]);
		to += words->len[i];
		*to++ = ' ';
	}
	to[-1] = 0;
	return (size_t)(to - text);
}

static struct rule *rules_new(const struct words *words, unsigned from,
			      const struct flower_selection *selection,
			      const struct xvio_flow_rule *abi)
{
	char text[WORDS_LINE_BYTES];
	size_t text_bytes = rules_join(words, from, text);
	struct rule *rule = malloc(sizeof(*rule) + text_bytes);
	unsigned i;

	if (!rule)
		return NULL;
	memcpy(rule->text, text, text_bytes);
	rule->handle.number = abi->cookie;
	rule->prio = abi->prio;
	rule->in_port = selection->in_port;
	rule->num_outputs = 0;
	for (i = 0; i < abi->num_actions; i++) {
		if (abi->action[i].type == XVIO_ACTION_OUTPUT)
			rule->output[rule->num_outputs++] = (uint16_t)abi->action[i].arg;
	}
	return rule;
}

static bool rules_refuse(struct words *words, unsigned status, uint32_t detail)
{
	words->at = 0; /* the line as a whole */
	switch (status) {
	case XVIO_ST_EXISTS:
		return words_refuse(words, "a rule with this handle is there already");
	case XVIO_ST_NO_SPACE:
		return words_refuse(words, "no space for another rule");
	default:
		return words_refuse(words, "the path refused: status %u, detail %u", status,
				    detail);
	}
}

bool rules_add(struct words *words, uint64_t *handle)
{
	struct flower_selection selection;
	struct xvio_flow_rule abi;
	unsigned from = words->at;
	uint32_t detail = 0;
	struct rule *rule;
	unsigned status;

	if (!flower_parse_rule(words, &selection, &abi))
		return false;
	flow_expect(&abi);
	while (!selection.has_handle && handles_find(rules_next_handle))
		rules_next_handle++;
	abi.cookie = selection.has_handle ? selection.handle : rules_next_handle;
	rule = handles_make_room() ? rules_new(words, from, &selection, &abi) : NULL;
	if (!rule)
		return rules_refuse(words, XVIO_ST_NO_SPACE, 0);
	status = flow_add(&abi, &detail);
	if (status != XVIO_ST_OK) {
		free(rule);
		return rules_refuse(words, status, detail);
	}
	handles_put(&rule->handle);
	rules_next_handle += !selection.has_handle;
	*handle = abi.cookie;
	return true;
}

static void rules_delete(struct rule *rule)
{
	uint64_t cookie = rule->handle.number;

	flow_expect_del(cookie);
	handles_take(&rule->handle);
	free(rule);
	flow_del(cookie, NULL);
}

static bool rules_names_port(const struct rule *rule, uint16_t port)
{
	unsigned i;

	for (i = 0; i < rule->num_outputs; i++) {
		if (rule->output[i] == port)
			return true;
	}
	return rule->in_port == port;
}

static bool rules_is_meant(const struct rule *rule, const struct rules_wanted *wanted)
{
	const struct flower_selection *s = wanted->selection;

	if (!s)
		return rules_names_port(rule, wanted->port);
	return (!s->has_handle || rule->handle.number == s->handle) &&
	       (!s->has_prio || rule->prio == s->prio) &&
	       (!s->has_dev || rule->in_port == s->in_port);
}

/* Calls fn for each rule that is meant, by handle, and returns their number; fn may delete it. */
static uint64_t rules_each(const struct rules_wanted *wanted,
			   void (*fn)(struct rule *rule, void *arg), void *arg)
{
	size_t num_rules = handles_num();
	struct handle **sorted = handles_sorted();
	uint64_t num = 0;
	size_t i;

	if (!sorted)
		abort();
	for (i = 0; i < num_rules; i++) {
		if (!rules_is_meant(rules_of(sorted[i]), wanted))
			continue;
		fn(rules_of(sorted[i]), arg);
		num++;
	}
	free(sorted);
	return num;
}

/* The same for a selection: one that has a handle is found without a look at all others. */
static uint64_t rules_each_selected(const struct flower_selection *selection,
				    void (*fn)(struct rule *rule, void *arg), void *arg)
{
	const struct rules_wanted wanted = {.selection = selection};
	struct handle *handle;

	if (!selection->has_handle)
		return rules_each(&wanted, fn, arg);
	handle = handles_find(selection->handle);
	if (!handle || !rules_is_meant(rules_of(handle), &wanted))
		return 0;
	fn(rules_of(handle), arg);
	return 1;
}

static void rules_remove_one(struct rule *rule, void *arg)
{
	(void)arg;
	rules_delete(rule);
}

uint64_t rules_remove(const struct flower_selection *selection)
{
	return rules_each_selected(selection, rules_remove_one, NULL);
}

void rules_remove_port(uint16_t number)
{
	const struct rules_wanted wanted = {.port = number};

	rules_each(&wanted, rules_remove_one, NULL);
}

static void rules_free(struct handle *handle)
{
	free(rules_of(handle));
}

void rules_flush(void)
{
	flow_flush();
	handles_clear(rules_free);
}

/* Who is shown the rules. */
struct rules_audience {
	void (*show)(json_t *rule, void *arg);
	void *arg;
};

static void rules_show_one(struct rule *rule, void *arg)
{
	const struct rules_audience *audience = arg;
	struct xvio_flow_stats stats = {0};

	flow_stats(rule->handle.number, &stats);
	audience->show(json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I}", "handle",
				 (json_int_t)rule->handle.number, "dev", vport_name(rule->in_port),
				 "prio", (json_int_t)rule->prio, "rule", rule->text, "packets",
				 (json_int_t)stats.packets, "bytes", (json_int_t)stats.bytes,
				 "idle_us", (json_int_t)stats.idle_us),
		       audience->arg);
}

void rules_show(const struct flower_selection *selection, void (*show)(json_t *rule, void *arg),
		void *arg)
{
	struct rules_audience audience = {.show = show, .arg = arg};

	rules_each_selected(selection, rules_show_one, &audience);
}
