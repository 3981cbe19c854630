/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one line of words, from the configuration file or the control socket. Core 0. */
#ifndef VHOST_USER_COMMAND_H
#define VHOST_USER_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "words.h"

/*
 * Lines between "batch begin" and "batch end", which have one answer together: each takes effect when
 * it is read, up to the first that fails; those behind it are passed over. All zero: none is open.
 */
struct command_batch {
	bool open;
	uint64_t num_lines; /* read, comments too */
	uint64_t num_done; /* that took effect */
	uint64_t failed_line; /* counted from 1; 0: none has failed */
	char error[WORDS_ERROR_BYTES]; /* of that line */
};

/*
 * Runs a line of a peer, whose batch this is. The answer is one line of JSON in memory from malloc(),
 * without a newline, the caller's: an object with "ok": true and what was asked for, or "ok": false
 * and "error". *good says which. NULL for a line without words (good), or if there is no memory (not
 * good); and for all lines while the batch is open, which then have no answer.
 */
char *command_run(struct command_batch *batch, const char *line, bool *good);

/*
 * Runs a file's lines; stops at the first bad one and writes why, as FILE:LINE: REASON, to error.
 */
bool command_run_file(const char *path, char *error, size_t error_bytes);

/* Whether "quit" was said. */
bool command_has_quit(void);

#endif
