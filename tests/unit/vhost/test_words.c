/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Lines of words: cutting, values, and that each refusal names the word. */
#include "common/check.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include "words.h"

static struct words words;

static void split(const char *line)
{
	assert_true(words_split(&words, line));
}

static void test_cutting(void **state)
{
	char line[WORDS_LINE_BYTES + 1];

	(void)state;
	split("  port\tadd  a # and a comment");
	assert_int_equal(words.num, 3);
	assert_string_equal(words.word[0], "port");
	assert_string_equal(words.word[2], "a");
	split("");
	assert_int_equal(words.num, 0);
	split("# nothing");
	assert_int_equal(words.num, 0);
	memset(line, 'x', sizeof(line));
	line[WORDS_LINE_BYTES - 1] = 0;
	assert_true(words_split(&words, line));
	line[WORDS_LINE_BYTES - 1] = 'x';
	line[WORDS_LINE_BYTES] = 0;
	assert_false(words_split(&words, line));
	assert_non_null(strstr(words.error, "longer"));
	assert_false(words_split(&words, "a \x01"));
	for (unsigned i = 0; i < WORDS_MAX + 1; i++)
		memcpy(line + 2 * i, "x ", 3);
	assert_false(words_split(&words, line));
	assert_non_null(strstr(words.error, "more than"));
}

static void test_taking(void **state)
{
	(void)state;
	split("one two");
	assert_false(words_take(&words, "two"));
	assert_true(words_take(&words, "one"));
	assert_false(words_expect(&words, "three"));
	assert_string_equal(words.error, "'two': 'three' should stand here");
	split("one two");
	words_take(&words, "one");
	assert_false(words_end(&words));
	assert_string_equal(words.error, "'two': not understood here");
	split("one");
	words_take(&words, "one");
	assert_true(words_end(&words));
	assert_null(words_next(&words, "a number"));
	assert_string_equal(words.error, "'one': a number is missing behind it");
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"",	 "-1",	"+1",  "1x", "x",   "0x",
					  "0xg", "256", "1/1", " ",  "1.5", "18446744073709551616"};
	uint64_t value;
	uint64_t mask;
	unsigned i;

	(void)state;
	split("255 0xff 7/0x3 9");
	assert_true(words_number(&words, "n", 255, &value) && value == 255);
	assert_true(words_number(&words, "n", 255, &value) && value == 255);
	assert_true(words_masked_number(&words, "n", 255, &value, &mask) && value == 7 &&
		    mask == 3);
	assert_true(words_masked_number(&words, "n", 255, &value, &mask) && mask == 255);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		split(bad[i]);
		assert_false(words_number(&words, "n", 255, &value));
		assert_true(words.error[0]);
	}
	split("7/256");
	assert_false(words_masked_number(&words, "n", 255, &value, &mask));
	split("7/");
	assert_false(words_masked_number(&words, "n", 255, &value, &mask));
}

/* Random addresses, written and read again. */
static void test_addresses(void **state)
{
	char line[256];
	char text[INET6_ADDRSTRLEN];
	uint8_t want[16], want_mask[16], addr[16], mask[16];
	unsigned round;
	unsigned i;

	(void)state;
	check_seed(7);
	for (round = 0; round < 2000; round++) {
		int family = check_random(2) ? AF_INET : AF_INET6;
		unsigned bits = check_random(family == AF_INET ? 33 : 129);

		memset(want, 0, sizeof(want));
		memset(want_mask, 0, sizeof(want_mask));
		for (i = 0; i < (family == AF_INET ? 4u : 16u); i++)
			want[i] = (uint8_t)check_random(256);
		for (i = 0; i < bits; i++)
			want_mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
		snprintf(line, sizeof(line), "%s/%u", inet_ntop(family, want, text, sizeof(text)),
			 bits);
		split(line);
		assert_true(words_masked_ip(&words, "ip", family, addr, mask));
		assert_memory_equal(addr, want, 16);
		assert_memory_equal(mask, want_mask, 16);
		snprintf(line, sizeof(line), "%02x:%02x:%02X:%02x:%02x:%02x/ff:00:%02x:00:00:01",
			 want[0], want[1], want[2], want[3], want[0], want[1], want[2]);
		split(line);
		assert_true(words_masked_mac(&words, "mac", addr, mask));
		assert_memory_equal(addr, want, 4);
		assert_int_equal(mask[2], want[2]);
		assert_int_equal(mask[5], 1);
	}
}

static void test_bad_addresses(void **state)
{
	static const char *const bad_ip[] = {"10.0.0",	   "10.0.0.1/33",  "10.0.0.1/",
					     "10.0.0.1/x", "10.0.0.256",   "::1",
					     "/24",	   "10.0.0.1/24/8"};
	static const char *const bad_mac[] = {"52:54:00:00:00", "52:54:00:00:00:0",
					      "52:54:00:00:00:0g", "52-54-00-00-00-00",
					      "52:54:00:00:00:00:00"};
	uint8_t addr[16], mask[16];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad_ip) / sizeof(bad_ip[0]); i++) {
		split(bad_ip[i]);
		assert_false(words_masked_ip(&words, "ip", AF_INET, addr, mask));
	}
	for (i = 0; i < sizeof(bad_mac) / sizeof(bad_mac[0]); i++) {
		split(bad_mac[i]);
		assert_false(words_mac(&words, "mac", addr));
		assert_non_null(strstr(words.error, bad_mac[i]));
	}
}

static void test_names(void **state)
{
	char name[64];

	(void)state;
	split("vm-0.a_B /etc");
	assert_string_equal(words_name(&words, "name"), "vm-0.a_B");
	assert_null(words_name(&words, "name"));
	memset(name, 'a', sizeof(name));
	name[31] = 0;
	split(name);
	assert_non_null(words_name(&words, "name"));
	name[31] = 'a';
	name[32] = 0;
	split(name);
	assert_null(words_name(&words, "name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cutting),	      cmocka_unit_test(test_taking),
		cmocka_unit_test(test_numbers),	      cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
