/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of xvio-vhost by handle, which is the cookie in the path: what the path does not keep,
 * the words they were given in and the ports they name. Core 0.
 */
#ifndef VHOST_USER_RULES_H
#define VHOST_USER_RULES_H

#include <stdint.h>
#include <jansson.h>
#include "flower.h"

/* Adds the rule in words (behind "filter add"). False: words has the error; *handle: its name. */
bool rules_add(struct words *words, uint64_t *handle);

/* Removes the rules that are meant; returns how many. */
uint64_t rules_remove(const struct flower_selection *selection);

/* Removes those that match on a port or lead to it. */
void rules_remove_port(uint16_t number);

void rules_flush(void);

/* Calls show for each rule that is meant, with its line of JSON, which show takes over. */
void rules_show(const struct flower_selection *selection, void (*show)(json_t *rule, void *arg),
		void *arg);

uint64_t rules_num(void);

#endif
