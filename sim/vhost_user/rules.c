/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules by handle (rules.h): a tree of libc's tsearch(3). Core 0. */
#include "rules.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <xvio/mbox.h>
#include <xvio/port.h>
#include "path/flow.h"
#include "vport.h"

struct rule {
	uint64_t handle;
	uint32_t prio;
	uint16_t in_port; /* XVIO_PORT_NONE: any */
	uint8_t num_outputs;
	uint16_t output[XVIO_FLOW_MAX_ACTIONS];
	char text[]; /* the words behind dev, prio and handle */
};

/* What a walk is for. */
struct rules_walk {
	const struct flower_selection *selection; /* or NULL: */
	uint16_t port;
	struct rule **found;
	uint64_t num, room;
	void (*show)(json_t *rule, void *arg);
	void *arg;
};

static void *rules_tree;
static uint64_t rules_count;
static uint64_t rules_next_handle = 1;

uint64_t rules_num(void)
{
	return rules_count;
}

static int rules_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct rule *)a)->handle;
	uint64_t y = ((const struct rule *)b)->handle;

	return x < y ? -1 : x > y;
}

static struct rule *rules_find(uint64_t handle)
{
	const struct rule key = {.handle = handle};
	struct rule *const *node = tfind(&key, &rules_tree, rules_compare);

	return node ? *node : NULL;
}

/* A word whose value has a field of its own. */
static bool rules_has_field(const char *word)
{
	return strcmp(word, "dev") == 0 || strcmp(word, "prio") == 0 || strcmp(word, "pref") == 0 ||
	       strcmp(word, "handle") == 0;
}

/* The words of a rule as they were given, but for those with fields; text NULL: only the length. */
static size_t rules_join(const struct words *words, unsigned from, char *text)
{
	bool head = true; /* before 'flower' */
	size_t len = 0;
	unsigned i;

	for (i = from; i < words->num; i++) {
		const char *word = words->word[i];

		head = head && strcmp(word, "flower") != 0;
		if (head && rules_has_field(word)) {
			i++;
			continue;
		}
		if (text)
			sprintf(text + len, "%s%s", len ? " " : "", word);
		len += strlen(word) + (len != 0);
	}
	return len;
}

static struct rule *rules_new(const struct words *words, unsigned from,
			      const struct flower_selection *selection,
			      const struct xvio_flow_rule *abi)
{
	struct rule *rule = malloc(sizeof(*rule) + rules_join(words, from, NULL) + 1);
	unsigned i;

	if (!rule)
		return NULL;
	rules_join(words, from, rule->text);
	rule->handle = abi->cookie;
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
	while (!selection.has_handle && rules_find(rules_next_handle))
		rules_next_handle++;
	abi.cookie = selection.has_handle ? selection.handle : rules_next_handle;
	if (rules_find(abi.cookie))
		return rules_refuse(words, XVIO_ST_EXISTS, 0);
	rule = rules_new(words, from, &selection, &abi);
	if (!rule || !tsearch(rule, &rules_tree, rules_compare)) {
		free(rule);
		return rules_refuse(words, XVIO_ST_NO_SPACE, 0);
	}
	status = flow_add(&abi, &detail);
	if (status != XVIO_ST_OK) {
		tdelete(rule, &rules_tree, rules_compare);
		free(rule);
		return rules_refuse(words, status, detail);
	}
	rules_next_handle += !selection.has_handle;
	rules_count++;
	*handle = abi.cookie;
	return true;
}

static void rules_delete(struct rule *rule)
{
	flow_del(rule->handle, NULL);
	tdelete(rule, &rules_tree, rules_compare);
	free(rule);
	rules_count--;
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

static bool rules_is_meant(const struct rule *rule, const struct rules_walk *walk)
{
	const struct flower_selection *s = walk->selection;

	if (!s)
		return rules_names_port(rule, walk->port);
	return (!s->has_handle || rule->handle == s->handle) &&
	       (!s->has_prio || rule->prio == s->prio) &&
	       (!s->has_dev || rule->in_port == s->in_port);
}

static void rules_show_one(const struct rule *rule, const struct rules_walk *walk)
{
	struct xvio_flow_stats stats = {0};

	flow_stats(rule->handle, &stats);
	walk->show(json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I}", "handle",
			     (json_int_t)rule->handle, "dev", vport_name(rule->in_port), "prio",
			     (json_int_t)rule->prio, "rule", rule->text, "packets",
			     (json_int_t)stats.packets, "bytes", (json_int_t)stats.bytes, "idle_us",
			     (json_int_t)stats.idle_us),
		   walk->arg);
}

static void rules_visit(const void *node, VISIT order, void *arg)
{
	struct rule *rule = *(struct rule *const *)node;
	struct rules_walk *walk = arg;
	struct rule **more;

	if ((order != postorder && order != leaf) || !rules_is_meant(rule, walk))
		return;
	if (walk->show) {
		rules_show_one(rule, walk);
		return;
	}
	if (walk->num == walk->room) {
		walk->room = walk->room ? walk->room * 2 : 64;
		more = reallocarray(walk->found, walk->room, sizeof(*more));
		if (!more)
			abort();
		walk->found = more;
	}
	walk->found[walk->num++] = rule;
}

/* A handle is found without a walk. */
static void rules_walk(struct rules_walk *walk)
{
	struct rule *rule;

	if (!walk->selection || !walk->selection->has_handle) {
		twalk_r(rules_tree, rules_visit, walk);
		return;
	}
	rule = rules_find(walk->selection->handle);
	if (rule)
		rules_visit(&rule, leaf, walk);
}

static uint64_t rules_remove_found(struct rules_walk *walk)
{
	uint64_t i;

	rules_walk(walk);
	for (i = 0; i < walk->num; i++)
		rules_delete(walk->found[i]);
	free(walk->found);
	return walk->num;
}

uint64_t rules_remove(const struct flower_selection *selection)
{
	struct rules_walk walk = {.selection = selection};

	return rules_remove_found(&walk);
}

void rules_remove_port(uint16_t number)
{
	struct rules_walk walk = {.port = number};

	rules_remove_found(&walk);
}

void rules_flush(void)
{
	flow_flush();
	tdestroy(rules_tree, free);
	rules_tree = NULL;
	rules_count = 0;
}

void rules_show(const struct flower_selection *selection, void (*show)(json_t *rule, void *arg),
		void *arg)
{
	struct rules_walk walk = {.selection = selection, .show = show, .arg = arg};

	rules_walk(&walk);
}
