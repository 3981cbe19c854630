/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one line of words, from the configuration file or the control socket. Core 0. */
#ifndef VHOST_USER_COMMAND_H
#define VHOST_USER_COMMAND_H

#include <stdbool.h>
#include <jansson.h>

/*
 * Runs a line. The answer is one line of JSON in memory from malloc(), without a newline, the caller's:
 * an object with "ok": true and what was asked for, or "ok": false and "error". *good says which.
 * NULL for a line without words (good), or if there is no memory (not good).
 */
char *command_run(const char *line, bool *good);

/*
 * Runs a file's lines; stops at the first bad one and writes why, as FILE:LINE: REASON, to error.
 */
bool command_run_file(const char *path, char *error, size_t error_bytes);

/* Whether "quit" was said. */
bool command_has_quit(void);

#endif
