/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands (command.h, docs/xvio-vhost.1). Core 0. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xvio/port.h>
#include <xvio/stats.h>
#include "flower.h"
#include "hal/hal.h"
#include "hal/vhost/vhost.h"
#include "path/port.h"
#include "path/worker.h"
#include "rules.h"
#include "vport.h"
#include "words.h"
#include "workers.h"

#define COMMAND_MIN_MTU 68u

/* Text that grows: "filter show" of a million rules is one line. */
struct command_text {
	char *bytes;
	size_t len, room;
	bool failed;
	bool unwanted; /* nobody reads it: nothing is kept */
};

static bool command_quit;

bool command_has_quit(void)
{
	return command_quit;
}

static void command_append(struct command_text *text, const char *bytes)
{
	size_t len = strlen(bytes);
	char *more;

	if (text->failed || text->unwanted)
		return;
	if (text->len + len + 1 > text->room) {
		text->room = (text->len + len + 1) * 2;
		more = realloc(text->bytes, text->room);
		if (!more) {
			text->failed = true;
			return;
		}
		text->bytes = more;
	}
	memcpy(text->bytes + text->len, bytes, len + 1);
	text->len += len;
}

/* Takes over the object. */
static void command_append_json(struct command_text *text, json_t *json)
{
	char *bytes = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (bytes)
		command_append(text, bytes);
	else
		text->failed = true;
	free(bytes);
	json_decref(json);
}

/* Appends '"name": value' to the answer. */
static bool command_answer(struct command_text *text, const char *name, json_t *value)
{
	command_append(text, ",\"");
	command_append(text, name);
	command_append(text, "\":");
	command_append_json(text, value);
	return true;
}

/* The same for a number, which most changes answer with. */
static bool command_answer_number(struct command_text *text, const char *name, uint64_t value)
{
	char answer[64];

	if (text->unwanted)
		return true;
	snprintf(answer, sizeof(answer), ",\"%s\":%" PRIu64, name, value);
	command_append(text, answer);
	return true;
}

/* port */

static bool command_port_option(struct words *words, struct vport_options *options)
{
	uint64_t number = 0;

	if (words_take(words, "client")) {
		options->client = true;
		return true;
	}
	if (words_take(words, "mac"))
		return words_mac(words, "mac", options->mac);
	if (words_take(words, "queues")) {
		if (!words_number(words, "queues", VPORT_MAX_PAIRS, &number))
			return false;
		options->num_pairs = (unsigned)number;
		return number || words_refuse(words, "at least one pair of queues");
	}
	if (words_take(words, "mtu")) {
		if (!words_number(words, "mtu", XVIO_MAX_MTU, &number))
			return false;
		options->mtu = (uint16_t)number;
		return number >= COMMAND_MIN_MTU ||
		       words_refuse(words, "an mtu is at least %u", COMMAND_MIN_MTU);
	}
	if (words_take(words, "core")) {
		if (!words_number(words, "core", hal_num_cores() - 1, &number))
			return false;
		options->core = (unsigned)number;
		return number || words_refuse(words, "workers are counted from 1");
	}
	return words_end(words);
}

static bool command_port_add(struct words *words, struct command_text *text)
{
	struct vport_options options = {.num_pairs = 1, .mtu = 1500};
	const char *name = words_name(words, "a name");
	const char *why = "";
	const char *path;
	struct vport *port;

	if (!name)
		return false;
	if (words_same(name, "any") || vport_find(name))
		return words_refuse(words, "this name is taken");
	strcpy(options.name, name);
	if (!words_expect(words, "socket"))
		return false;
	path = words_next(words, "the socket's path");
	if (!path)
		return false;
	if (strlen(path) >= sizeof(options.path))
		return words_refuse(words, "a socket's path has up to %zu characters",
				    sizeof(options.path) - 1);
	strcpy(options.path, path);
	while (words_peek(words)) {
		if (!command_port_option(words, &options))
			return false;
	}
	port = vport_add(&options, &why);
	if (!port) {
		words->at = 3;
		return words_refuse(words, "%s", why);
	}
	return command_answer(text, "port", vport_show(port));
}

static struct vport *command_find_port(struct words *words)
{
	const char *name = words_next(words, "a port's name");
	struct vport *port = name ? vport_find(name) : NULL;

	if (name && !port)
		words_refuse(words, "no such port");
	return port;
}

static bool command_port_del(struct words *words, struct command_text *text)
{
	struct vport *port = command_find_port(words);

	(void)text;
	if (!port || !words_end(words))
		return false;
	rules_remove_port(port->number);
	vport_remove(port);
	return true;
}

static bool command_port_show(struct words *words, struct command_text *text)
{
	json_t *ports = json_array();
	const struct vport *port = NULL;
	unsigned i;

	if (words_peek(words)) {
		port = command_find_port(words);
		if (!port || !words_end(words)) {
			json_decref(ports);
			return false;
		}
	}
	for (i = 0; i < VPORT_MAX; i++) {
		if (vport_get(i) && (!port || vport_get(i) == port))
			json_array_append_new(ports, vport_show(vport_get(i)));
	}
	return command_answer(text, "ports", ports);
}

/* filter */

static bool command_filter_add(struct words *words, struct command_text *text)
{
	uint64_t handle;

	return rules_add(words, &handle) && command_answer_number(text, "handle", handle);
}

static bool command_filter_del(struct words *words, struct command_text *text)
{
	struct flower_selection selection;
	uint64_t num;

	if (!flower_parse_selection(words, &selection))
		return false;
	if (!selection.has_dev && !selection.has_prio && !selection.has_handle)
		return words_refuse(words, "'dev', 'prio' or 'handle' should stand behind it");
	num = rules_remove(&selection);
	if (!num)
		return words_refuse(words, "no such filter");
	return command_answer_number(text, "deleted", num);
}

static void command_show_rule(json_t *rule, void *arg)
{
	struct command_text *text = arg;

	if (text->bytes[text->len - 1] != '[')
		command_append(text, ",");
	command_append_json(text, rule);
}

static bool command_filter_show(struct words *words, struct command_text *text)
{
	struct flower_selection selection;

	if (!flower_parse_selection(words, &selection))
		return false;
	command_append(text, ",\"filters\":[");
	if (!text->failed)
		rules_show(&selection, command_show_rule, text);
	command_append(text, "]");
	return true;
}

static bool command_filter_flush(struct words *words, struct command_text *text)
{
	uint64_t num = rules_num();

	if (!words_end(words))
		return false;
	rules_flush();
	return command_answer_number(text, "deleted", num);
}

/* stats, poll, quit */

static json_t *command_counters(const uint64_t counters[XVIO_STAT_NUM])
{
#define COMMAND_STAT_NAME(symbol, name) name,
	static const char *const names[] = {XVIO_STATS(COMMAND_STAT_NAME)};
	json_t *json = json_object();
	unsigned i;

	for (i = 0; i < XVIO_STAT_NUM; i++)
		json_object_set_new(json, names[i], json_integer((json_int_t)counters[i]));
	return json;
}

static bool command_stats(struct words *words, struct command_text *text)
{
	uint64_t counters[XVIO_STAT_NUM];
	const struct vport *port;

	if (words_take(words, "cores"))
		return words_end(words) && command_answer(text, "cores", workers_show());
	if (words_take(words, "port")) {
		port = command_find_port(words);
		if (!port || !words_end(words))
			return false;
		port_stats(port->number, counters);
		return command_answer(text, "port", json_string(port->options.name)) &&
		       command_answer(text, "stats", command_counters(counters));
	}
	if (!words_end(words))
		return false;
	port_stats_card(counters);
	return command_answer(text, "stats", command_counters(counters)) &&
	       command_answer_number(text, "filters", rules_num());
}

static bool command_poll(struct words *words, struct command_text *text)
{
	bool sleeps = !words_take(words, "busy");

	(void)text;
	if ((sleeps && !words_expect(words, "adaptive")) || !words_end(words))
		return false;
	worker_set_polling(!sleeps);
	vhost_set_sleep(sleeps);
	return true;
}

static bool command_set_quit(struct words *words, struct command_text *text)
{
	(void)text;
	command_quit = words_end(words);
	return command_quit;
}

/* Where a batch may begin or end it is not run as a command. */
static bool command_batch_stray(struct words *words, struct command_text *text)
{
	(void)text;
	return words_end(words) &&
	       words_refuse(words, "a batch begins and ends on the control socket, and is no part "
				   "of another");
}

static const struct command {
	const char *first, *second; /* second NULL: one word */
	bool (*run)(struct words *words, struct command_text *text);
	bool changes; /* something, so that it may stand in a batch, whose lines are not answered */
} command_table[] = {
	{"filter", "add", command_filter_add, true},
	{"filter", "del", command_filter_del, true},
	{"filter", "show", command_filter_show, false},
	{"filter", "flush", command_filter_flush, true},
	{"port", "add", command_port_add, true},
	{"port", "del", command_port_del, true},
	{"port", "show", command_port_show, false},
	{"stats", NULL, command_stats, false},
	{"poll", NULL, command_poll, true},
	{"batch", "begin", command_batch_stray, false},
	{"batch", "end", command_batch_stray, false},
	{"quit", NULL, command_set_quit, false},
};

static const struct command *command_find(struct words *words)
{
	const char *first = words_next(words, "a command");
	bool known = false;
	size_t i;

	for (i = 0; i < sizeof(command_table) / sizeof(command_table[0]); i++) {
		if (!words_same(first, command_table[i].first))
			continue;
		known = true;
		if (!command_table[i].second || words_take(words, command_table[i].second))
			return &command_table[i];
	}
	if (!known)
		words_refuse(words, "no such command");
	else if (words_next(words, "add, del or show"))
		words_refuse(words, "not understood behind '%s'", first);
	return NULL;
}

static bool command_dispatch(struct words *words, struct command_text *text)
{
	const struct command *command = command_find(words);

	return command && command->run(words, text);
}

/* batch */

static bool command_is(const struct words *words, const char *first, const char *second)
{
	return words->num == 2 && words_same(words->word[0], first) &&
	       words_same(words->word[1], second);
}

static bool command_batch_change(struct words *words)
{
	struct command_text unwanted = {.unwanted = true};
	const struct command *command = command_find(words);

	if (!command)
		return false;
	if (!command->changes)
		return words_refuse(words, "not in a batch, which has one answer to all");
	return command->run(words, &unwanted);
}

static void command_batch_line(struct command_batch *batch, struct words *words, bool is_text)
{
	batch->num_lines++;
	if (batch->failed_line || (is_text && !words->num))
		return;
	if (is_text && command_batch_change(words)) {
		batch->num_done++;
		return;
	}
	batch->failed_line = batch->num_lines;
	strcpy(batch->error, words->error);
}

static char *command_batch_end(struct command_batch *batch, bool *good)
{
	json_t *json = json_pack("{s:b, s:I}", "ok", !batch->failed_line, "done",
				 (json_int_t)batch->num_done);
	struct command_text text = {0};

	batch->open = false;
	*good = !batch->failed_line;
	if (batch->failed_line) {
		json_object_set_new(json, "line", json_integer((json_int_t)batch->failed_line));
		json_object_set_new(json, "error", json_string(batch->error));
	}
	command_append_json(&text, json);
	*good = *good && !text.failed;
	return text.bytes;
}

/* Lines */

char *command_run(struct command_batch *batch, const char *line, bool *good)
{
	struct command_text text = {0};
	struct words words;
	bool is_text = words_split(&words, line);

	*good = is_text;
	if (batch->open) {
		if (is_text && command_is(&words, "batch", "end"))
			return command_batch_end(batch, good);
		command_batch_line(batch, &words, is_text);
		return NULL;
	}
	if (is_text && !words.num)
		return NULL;
	if (is_text && command_is(&words, "batch", "begin")) {
		*batch = (struct command_batch){.open = true};
		return NULL;
	}
	command_append(&text, "{\"ok\":true");
	*good = is_text && command_dispatch(&words, &text);
	if (!*good && !text.failed) {
		text.len = 0;
		command_append_json(&text, json_pack("{s:b, s:s}", "ok", 0, "error", words.error));
	} else {
		command_append(&text, "}");
	}
	if (!text.failed)
		return text.bytes;
	free(text.bytes);
	*good = false;
	return NULL;
}

static bool command_run_line(const char *line, char *error, size_t error_bytes)
{
	struct command_text unwanted = {.unwanted = true};
	struct words words;
	bool good;

	good = words_split(&words, line) && (!words.num || command_dispatch(&words, &unwanted));
	if (!good)
		snprintf(error, error_bytes, "%s", words.error);
	return good;
}

bool command_run_file(const char *path, char *error, size_t error_bytes)
{
	FILE *file = fopen(path, "re");
	char why[256] = "";
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;
	bool good = true;
	ssize_t len;

	if (!file) {
		snprintf(error, error_bytes, "%s: %m", path);
		return false;
	}
	while (good && (len = getline(&line, &room, file)) >= 0) {
		number++;
		if (strlen(line) != (size_t)len)
			line[0] = '\x01'; /* a NUL in the line: refused as no text */
		good = command_run_line(line, why, sizeof(why));
	}
	if (!good)
		snprintf(error, error_bytes, "%s:%lu: %s", path, number, why);
	else if (ferror(file))
		snprintf(error, error_bytes, "%s: %m", path);
	good = good && !ferror(file);
	free(line);
	fclose(file);
	return good;
}
