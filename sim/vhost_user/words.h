/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of words, as they stand in the configuration file and on the control socket: taken one by
 * one, each with the type that its place asks for. The first refusal is kept and names the word.
 */
#ifndef VHOST_USER_WORDS_H
#define VHOST_USER_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORDS_MAX	  128u
#define WORDS_LINE_BYTES  2048u /* with the NUL */
#define WORDS_ERROR_BYTES 256u

struct words {
	char line[WORDS_LINE_BYTES]; /* cut into words in place */
	const char *word[WORDS_MAX];
	uint16_t len[WORDS_MAX]; /* of the words */
	unsigned num;
	unsigned at; /* the next one */
	char error[WORDS_ERROR_BYTES]; /* empty: none so far */
};

/* Whether two words are the same. Most are not, and differ where they begin. */
static inline bool words_same(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

/* Cuts a line; '#' begins a comment. False: too long, too many words, or not text. */
bool words_split(struct words *words, const char *line);

/* The next word, without taking it; NULL at the end. */
const char *words_peek(const struct words *words);

/* Takes the next word if it is this one. */
bool words_take(struct words *words, const char *word);

/* Takes the next word; NULL, and an error that says what is missing. */
const char *words_next(struct words *words, const char *what);

/* Takes the next word, which must be this one. */
bool words_expect(struct words *words, const char *word);

/* True at the end of the line; else the word that is left is an error. */
bool words_end(struct words *words);

/* Notes an error about the word taken last, if it is the first error. Always false. */
bool words_refuse(struct words *words, const char *why, ...) __attribute__((format(printf, 2, 3)));

/* Values: the next word as a number (decimal or 0x) of at most max, or a MAC address. */
bool words_number(struct words *words, const char *what, uint64_t max, uint64_t *value);
bool words_mac(struct words *words, const char *what, uint8_t mac[6]);

/* A number or MAC address with an optional /MASK; all ones without. */
bool words_masked_number(struct words *words, const char *what, uint64_t max, uint64_t *value,
			 uint64_t *mask);
bool words_masked_mac(struct words *words, const char *what, uint8_t mac[6], uint8_t mask[6]);

/* An address of a family (AF_INET, AF_INET6) with an optional /PREFIX or /MASK. */
bool words_masked_ip(struct words *words, const char *what, int family, uint8_t addr[16],
		     uint8_t mask[16]);

/* A name: letters, digits and "_-.", at most 31 of them. */
const char *words_name(struct words *words, const char *what);

#endif
