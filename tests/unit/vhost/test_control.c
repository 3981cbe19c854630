/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The control socket: lines in pieces and in heaps, answers in order, peers that go or do not read. */
#include "common/check.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "command.h"
#include "control.h"
#include "hal/fake/fake.h"
#include "hal/hal.h"
#include "lib/heap.h"
#include "loop.h"
#include "path/worker.h"
#include "words.h"

static char dir[] = "/tmp/xvio-control-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int start(void **state)
{
	size_t len_bytes;
	void *memory;

	(void)state;
	fake_reset(2, 0);
	fake_set_poll(worker_poll);
	memory = hal_memory(&len_bytes);
	heap_init(memory, len_bytes);
	worker_init();
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	assert_true(loop_init());
	assert_true(control_open(address.sun_path));
	return 0;
}

static int end(void **state)
{
	(void)state;
	control_close();
	assert_int_equal(access(address.sun_path, F_OK), -1); /* it is gone */
	rmdir(dir);
	return 0;
}

static void serve(void)
{
	unsigned i;

	for (i = 0; i < 20; i++)
		loop_wait(1);
}

static int connect_peer(void)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	serve();
	return sock;
}

static void say(int sock, const char *text)
{
	assert_int_equal(send(sock, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	serve();
}

/* What has been answered so far. */
static const char *hear(int sock)
{
	static char heard[65536];
	size_t len_bytes = 0;
	ssize_t len;

	while ((len = recv(sock, heard + len_bytes, sizeof(heard) - 1 - len_bytes, 0)) > 0)
		len_bytes += (size_t)len;
	heard[len_bytes] = 0;
	return heard;
}

static bool is_closed(int sock)
{
	char byte;
	ssize_t len = recv(sock, &byte, 1, 0);

	return len == 0 || (len < 0 && errno == ECONNRESET);
}

static void test_pieces(void **state)
{
	int sock = connect_peer();

	(void)state;
	say(sock, "po");
	assert_string_equal(hear(sock), "");
	say(sock, "rt show\nst");
	assert_string_equal(hear(sock), "{\"ok\":true,\"ports\":[]}\n");
	say(sock, "ats cores extra\n");
	assert_non_null(strstr(hear(sock), "'extra': not understood"));
	close(sock);
}

static void test_many_lines(void **state)
{
	int sock = connect_peer();

	(void)state;
	say(sock, "poll busy\n\n# nothing\nfoo\npoll adaptive\n");
	assert_string_equal(hear(sock), "{\"ok\":true}\n{\"ok\":true}\n{\"ok\":true}\n"
					"{\"ok\":false,\"error\":\"'foo': no such command\"}\n"
					"{\"ok\":true}\n");
	close(sock);
}

/* One answer to all lines, however they are cut; another peer is answered meanwhile. */
static void test_batch(void **state)
{
	int sock = connect_peer();
	int other = connect_peer();
	unsigned i;

	(void)state;
	say(sock, "batch begin\npoll busy\n");
	for (i = 0; i < 2000; i++) {
		assert_int_equal(send(sock, "poll adaptive\n# none\n", 21, MSG_NOSIGNAL), 21);
		if (i % 100 == 0)
			serve();
	}
	serve();
	say(sock, "poll b");
	say(other, "port show\n");
	assert_non_null(strstr(hear(other), "\"ports\""));
	assert_string_equal(hear(sock), "");
	say(sock, "usy\nbatch end\nport show\n");
	assert_string_equal(hear(sock), "{\"ok\":true,\"done\":2002}\n"
					"{\"ok\":true,\"ports\":[]}\n");
	say(sock, "batch begin\npoll busy\n\nfoo\n");
	assert_string_equal(hear(sock), "");
	say(sock, "poll busy\nbatch end\n");
	assert_non_null(strstr(hear(sock), "\"done\":1,\"line\":3"));
	say(sock, "batch begin\npoll busy\n"); /* and goes */
	close(sock);
	serve();
	sock = connect_peer();
	say(sock, "poll busy\n");
	assert_string_equal(hear(sock), "{\"ok\":true}\n"); /* a batch is its peer's own */
	close(sock);
	close(other);
}

static void test_many_peers(void **state)
{
	int first = connect_peer();
	int second = connect_peer();

	(void)state;
	say(first, "poll");
	say(second, "foo\n");
	close(first); /* in the middle of its line */
	serve();
	assert_non_null(strstr(hear(second), "'foo'"));
	say(second, "port show\n");
	assert_non_null(strstr(hear(second), "\"ports\""));
	close(second);
}

static void test_bad_lines(void **state)
{
	static char line[3 * WORDS_LINE_BYTES];
	int sock = connect_peer();

	(void)state;
	assert_int_equal(send(sock, "po\0rt\n", 6, 0), 6);
	serve();
	assert_non_null(strstr(hear(sock), "not text"));
	memset(line, 'x', WORDS_LINE_BYTES + 100);
	line[WORDS_LINE_BYTES + 100] = '\n';
	say(sock, line);
	assert_non_null(strstr(hear(sock), "longer than"));
	memset(line, 'x', sizeof(line) - 1); /* a line that never ends */
	say(sock, line);
	assert_true(is_closed(sock));
	close(sock);
}

/* A peer that asks and does not listen is not read from, and holds up nobody. */
static void test_deaf_peer(void **state)
{
	int deaf = connect_peer();
	int other = connect_peer();
	unsigned sent = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 20000 && send(deaf, "stats\n", 6, MSG_NOSIGNAL) == 6; i++) {
		sent++;
		loop_wait(0);
	}
	assert_true(sent < 20000);
	say(other, "port show\n");
	assert_non_null(strstr(hear(other), "\"ports\""));
	for (i = 0; i < sent; i++) {
		if (!strlen(hear(deaf)))
			break;
		serve();
	}
	say(deaf, "\n");
	assert_string_equal(hear(deaf), "{\"ok\":true}\n");
	close(deaf);
	close(other);
	serve();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),	   cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_many_peers), cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_deaf_peer),  cmocka_unit_test(test_batch),
	};

	return cmocka_run_group_tests(tests, start, end);
}
