/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of words (words.h): cutting, and values out of words. Core 0. */
#include "words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_NAME_BYTES 32u

/* What a character is to a line that is cut. */
enum { WORDS_BAD, WORDS_GRAPH, WORDS_BLANK, WORDS_END };

static const uint8_t words_class[256] = {
	['\t'] = WORDS_BLANK,	     ['\n'] = WORDS_BLANK,	  ['\r'] = WORDS_BLANK,
	[' '] = WORDS_BLANK,	     ['#'] = WORDS_END,		  ['\0'] = WORDS_END,
	['!' ... '"'] = WORDS_GRAPH, ['$' ... '~'] = WORDS_GRAPH,
};

static unsigned words_class_of(const char *c)
{
	return words_class[(unsigned char)*c];
}

bool words_split(struct words *words, const char *line)
{
	size_t len = strlen(line);
	char *c = words->line;

	words->num = 0;
	words->at = 0;
	words->error[0] = 0;
	if (len >= sizeof(words->line))
		return words_refuse(words, "line longer than %u characters", WORDS_LINE_BYTES - 1);
	memcpy(words->line, line, len + 1);
	for (;;) {
		char *word;

		while (words_class_of(c) == WORDS_BLANK)
			c++;
		if (words_class_of(c) == WORDS_END)
			return true;
		if (words->num == WORDS_MAX)
			return words_refuse(words, "more than %u words", WORDS_MAX);
		word = c;
		while (words_class_of(c) == WORDS_GRAPH)
			c++;
		words->word[words->num] = word;
		words->len[words->num++] = (uint16_t)(c - word);
		if (words_class_of(c) == WORDS_BAD)
			return words_refuse(words, "a character that is not text");
		if (words_class_of(c) == WORDS_END) {
			*c = 0;
			return true;
		}
		*c++ = 0;
	}
}

const char *words_peek(const struct words *words)
{
	return words->at < words->num ? words->word[words->at] : NULL;
}

bool words_take(struct words *words, const char *word)
{
	const char *next = words_peek(words);

	if (!next || !words_same(next, word))
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
	return words_same(next, word) || words_refuse(words, "'%s' should stand here", word);
}

bool words_end(struct words *words)
{
	if (!words_peek(words))
		return true;
	words->at++;
	return words_refuse(words, "not understood here");
}

static unsigned words_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* Parses text, which may end at '/'; *rest is what follows. */
static bool words_to_number(const char *text, uint64_t max, uint64_t *value, const char **rest)
{
	unsigned base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
	const char *c = base == 16 ? text + 2 : text;
	const char *first = c;
	unsigned digit;

	*value = 0;
	for (; (digit = words_digit(*c)) < base; c++) {
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return false;
	}
	*rest = c;
	return c != first && *value <= max;
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
		if (words_digit(text[0]) > 15 || words_digit(text[1]) > 15)
			return false;
		mac[i] = (uint8_t)(words_digit(text[0]) << 4 | words_digit(text[1]));
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
	memset(mask, 0, 16);
	memset(mask, 0xff, num_bits / 8);
	if (num_bits % 8)
		mask[num_bits / 8] = (uint8_t)(0xff00u >> num_bits % 8);
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
	memcpy(text, word, len < sizeof(text) ? len : 0);
	text[len < sizeof(text) ? len : 0] = 0;
	if (inet_pton(family, text, addr) != 1)
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
