/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of words (words.h): cutting, and values out of words. Core 0. */
#include "words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_NAME_BYTES 32u

bool words_split(struct words *words, const char *line)
{
	char *rest = words->line;
	char *word;

	words->num = 0;
	words->at = 0;
	words->error[0] = 0;
	if (strlen(line) >= sizeof(words->line))
		return words_refuse(words, "line longer than %u characters", WORDS_LINE_BYTES - 1);
	strcpy(words->line, line);
	words->line[strcspn(words->line, "#")] = 0;
	while ((word = strsep(&rest, " \t\r\n")) != NULL) {
		if (!*word)
			continue;
		if (words->num == WORDS_MAX)
			return words_refuse(words, "more than %u words", WORDS_MAX);
		words->word[words->num++] = word;
		for (; *word; word++) {
			if (!isgraph((unsigned char)*word))
				return words_refuse(words, "a character that is not text");
		}
	}
	return true;
}

const char *words_peek(const struct words *words)
{
	return words->at < words->num ? words->word[words->at] : NULL;
}

bool words_take(struct words *words, const char *word)
{
	const char *next = words_peek(words);

	if (!next || strcmp(next, word) != 0)
		return false;
	words->at++;
	return true;
}

bool words_refuse(struct words *words, const char *why, ...)
{
	size_t len = 0;
	va_list args;

	if (words->error[0])
		return false;
	if (words->at)
		len = (size_t)snprintf(words->error, sizeof(words->error),
				       "'%.100s': ", words->word[words->at - 1]);
	va_start(args, why);
	vsnprintf(words->error + len, sizeof(words->error) - len, why, args);
	va_end(args);
	return false;
}

const char *words_next(struct words *words, const char *what)
{
	const char *next = words_peek(words);

	if (next)
		words->at++;
	else
		words_refuse(words, "%s is missing behind it", what);
	return next;
}

bool words_expect(struct words *words, const char *word)
{
	const char *next = words_next(words, word);

	if (!next)
		return false;
	return strcmp(next, word) == 0 || words_refuse(words, "'%s' should stand here", word);
}

bool words_end(struct words *words)
{
	if (!words_peek(words))
		return true;
	words->at++;
	return words_refuse(words, "not understood here");
}

/* Parses text, which may end at '/'; *rest is what follows. */
static bool words_to_number(const char *text, uint64_t max, uint64_t *value, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	*rest = end;
	return !errno && *value <= max;
}

bool words_number(struct words *words, const char *what, uint64_t max, uint64_t *value)
{
	const char *word = words_next(words, what);
	const char *rest;

	if (!word)
		return false;
	return (words_to_number(word, max, value, &rest) && !*rest) ||
	       words_refuse(words, "%s is a number up to %llu", what, (unsigned long long)max);
}

bool words_masked_number(struct words *words, const char *what, uint64_t max, uint64_t *value,
			 uint64_t *mask)
{
	const char *word = words_next(words, what);
	const char *rest;

	if (!word)
		return false;
	*mask = max;
	return (words_to_number(word, max, value, &rest) &&
		(!*rest ||
		 (*rest == '/' && words_to_number(rest + 1, max, mask, &rest) && !*rest))) ||
	       words_refuse(words, "%s is a number up to %llu, or NUMBER/MASK", what,
			    (unsigned long long)max);
}

static bool words_to_mac(const char *text, uint8_t mac[6], const char **rest)
{
	unsigned i;

	for (i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		mac[i] = (uint8_t)strtoul((char[]){text[0], text[1], 0}, NULL, 16);
		text += 2;
		if (i < 5 && *text++ != ':')
			return false;
	}
	*rest = text;
	return true;
}

bool words_mac(struct words *words, const char *what, uint8_t mac[6])
{
	const char *word = words_next(words, what);
	const char *rest;

	if (!word)
		return false;
	return (words_to_mac(word, mac, &rest) && !*rest) ||
	       words_refuse(words, "%s is xx:xx:xx:xx:xx:xx", what);
}

bool words_masked_mac(struct words *words, const char *what, uint8_t mac[6], uint8_t mask[6])
{
	const char *word = words_next(words, what);
	const char *rest;

	if (!word)
		return false;
	memset(mask, 0xff, 6);
	return (words_to_mac(word, mac, &rest) &&
		(!*rest || (*rest == '/' && words_to_mac(rest + 1, mask, &rest) && !*rest))) ||
	       words_refuse(words, "%s is xx:xx:xx:xx:xx:xx, or MAC/MASK", what);
}

static void words_prefix_mask(uint8_t mask[16], uint64_t num_bits)
{
	unsigned i;

	memset(mask, 0, 16);
	for (i = 0; i < num_bits; i++)
		mask[i / 8] |= (uint8_t)(0x80u >> i % 8);
}

bool words_masked_ip(struct words *words, const char *what, int family, uint8_t addr[16],
		     uint8_t mask[16])
{
	const char *word = words_next(words, what);
	uint64_t num_bits = family == AF_INET ? 32 : 128;
	char text[INET6_ADDRSTRLEN];
	const char *slash;
	const char *rest = "";
	size_t len;

	if (!word)
		return false;
	memset(addr, 0, 16);
	slash = strchr(word, '/');
	len = slash ? (size_t)(slash - word) : strlen(word);
	snprintf(text, sizeof(text), "%.*s", (int)len, word);
	if (len >= sizeof(text) || inet_pton(family, text, addr) != 1)
		return words_refuse(words, "%s is an %s address, or ADDRESS/PREFIX", what,
				    family == AF_INET ? "IPv4" : "IPv6");
	words_prefix_mask(mask, num_bits);
	if (!slash)
		return true;
	memset(mask, 0, 16);
	if (inet_pton(family, slash + 1, mask) == 1)
		return true;
	if (!words_to_number(slash + 1, num_bits, &num_bits, &rest) || *rest)
		return words_refuse(words, "no such prefix length");
	words_prefix_mask(mask, num_bits);
	return true;
}

const char *words_name(struct words *words, const char *what)
{
	const char *word = words_next(words, what);
	const char *c;

	if (!word)
		return NULL;
	for (c = word; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			break;
	}
	if (!*c && (size_t)(c - word) < WORDS_NAME_BYTES)
		return word;
	words_refuse(words, "a name is up to %u letters, digits, '_', '-', '.'",
		     WORDS_NAME_BYTES - 1);
	return NULL;
}
