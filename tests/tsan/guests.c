/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The guests' process (guests.h): one thread that goes round its rings. */
#include "tsan/guests.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "bench/path_platform.h"

#define GUESTS_STOCK	     256u /* receive buffers */
#define GUESTS_IN_FLIGHT     48u
#define GUESTS_BATCH	     16u
#define GUESTS_REST_US	     50u
#define GUESTS_MAX_BYTES     1514u
#define GUESTS_DST_BYTES     6u /* rules may write another destination */
#define GUESTS_FROM	     11u /* last byte of the source MAC */
#define GUESTS_HEADERS_BYTES 42u

/* Behind the guests' memory. */
struct guests_word {
	_Atomic bool said;
	char text[80];
};

struct guests_side {
	struct path_ring ring[2];
	uint32_t num_sent;
};

struct guest *guests;
static struct guests_word *guests_word;
static struct guests_side guests_side[GUESTS_NUM];

const char *guests_complaint(void)
{
	return atomic_load(&guests_word->said) ? guests_word->text : NULL;
}

/* Of the guests' process; what path_ring.c finds wrong ends here, too. */
_Noreturn void path_platform_fail(const char *why)
{
	snprintf(guests_word->text, sizeof(guests_word->text), "%s", why);
	atomic_store(&guests_word->said, true);
	_exit(1);
}

/* Frames: UDP over IPv4, of a length and with a payload that follow from sender and number. */

static void guests_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t guests_frame_bytes(uint32_t number)
{
	return number % 4 ? 60 + number % 80 : 60 + number * 7919 % (GUESTS_MAX_BYTES - 60);
}

static uint32_t guests_make_frame(uint8_t *frame, uint8_t from, uint32_t number)
{
	static const uint8_t headers[GUESTS_HEADERS_BYTES] = {
		2, [12] = 0x08, [14] = 0x45, [22] = 64, [23] = 17};
	const uint32_t len_bytes = guests_frame_bytes(number);
	uint32_t i;

	memcpy(frame, headers, sizeof(headers));
	frame[GUESTS_FROM] = from;
	guests_put16(frame + 16, len_bytes - 14); /* IPv4 */
	guests_put16(frame + 34, GUESTS_FIRST_TP + number % GUESTS_NUM_FLOWS);
	guests_put16(frame + 38, len_bytes - 34); /* UDP */
	memcpy(frame + sizeof(headers), &number, sizeof(number));
	for (i = sizeof(headers) + sizeof(number); i < len_bytes; i++)
		frame[i] = (uint8_t)(number * 31 + i + from);
	return len_bytes;
}

static void guests_check_frame(const uint8_t *frame, uint32_t len_bytes)
{
	uint8_t expected[GUESTS_MAX_BYTES];
	uint32_t number;

	memcpy(&number, frame + GUESTS_HEADERS_BYTES, sizeof(number));
	if (len_bytes != guests_make_frame(expected, frame[GUESTS_FROM], number))
		path_platform_fail("a frame of another length than was sent");
	if (memcmp(frame + GUESTS_DST_BYTES, expected + GUESTS_DST_BYTES,
		   len_bytes - GUESTS_DST_BYTES) != 0)
		path_platform_fail("a frame that nobody has sent");
}

/* Rings */

static void guests_ring_bell(const struct guest *guest, const struct guests_side *side,
			     unsigned index)
{
	if (path_ring_wants_bell(&side->ring[index]))
		eventfd_write(guest->kick[index], 1);
}

static bool guests_receive(struct guest *guest, struct guests_side *side)
{
	struct path_ring *ring = &side->ring[GUESTS_RX];
	uint32_t num = GUESTS_STOCK - (ring->posted - ring->taken);
	const uint8_t *buffer;
	uint32_t len_bytes;
	bool any = false;

	path_ring_post(ring, num, PATH_BUFFER_BYTES);
	if (num)
		guests_ring_bell(guest, side, GUESTS_RX);
	for (; (buffer = path_ring_take(ring, &len_bytes)); any = true) {
		guests_check_frame(buffer + GUESTS_HDR_BYTES, len_bytes - GUESTS_HDR_BYTES);
		atomic_fetch_add(&guest->num_received, 1);
	}
	return any;
}

static bool guests_send(struct guest *guest, struct guests_side *side)
{
	struct path_ring *ring = &side->ring[GUESTS_TX];
	uint32_t len_bytes;
	unsigned i;

	while (path_ring_take(ring, &len_bytes))
		;
	if (ring->posted - ring->taken > GUESTS_IN_FLIGHT)
		return false;
	for (i = 0; i < GUESTS_BATCH; i++) {
		uint8_t *buffer = path_ring_buffer(ring);

		memset(buffer, 0, GUESTS_HDR_BYTES);
		len_bytes = guests_make_frame(buffer + GUESTS_HDR_BYTES, (uint8_t)(guest - guests),
					      side->num_sent++);
		path_ring_post(ring, 1, len_bytes + GUESTS_HDR_BYTES);
	}
	guests_ring_bell(guest, side, GUESTS_TX);
	return true;
}

static void guests_take_interrupts(struct guest *guest)
{
	eventfd_t num;
	unsigned index;

	for (index = 0; index < 2; index++) {
		if (eventfd_read(guest->call[index], &num) == 0)
			atomic_fetch_add(&guest->num_interrupts, num);
	}
}

static _Noreturn void guests_run(void)
{
	for (;;) {
		bool any = false;
		unsigned i;

		for (i = 0; i < GUESTS_NUM; i++) {
			any |= guests_receive(&guests[i], &guests_side[i]);
			any |= guests_send(&guests[i], &guests_side[i]);
			guests_take_interrupts(&guests[i]);
		}
		if (!any)
			usleep(GUESTS_REST_US);
	}
}

static bool guests_make(struct guest *guest, struct guests_side *side, enum path_ring_kind kind)
{
	unsigned index;

	guest->kind = kind;
	for (index = 0; index < 2; index++) {
		struct path_ring_memory *memory = &guest->ring[index];

		guest->kick[index] = eventfd(0, EFD_NONBLOCK);
		guest->call[index] = eventfd(0, EFD_NONBLOCK);
		if (guest->kick[index] < 0 || guest->call[index] < 0)
			return false;
		path_ring_init(&side->ring[index], kind, index == GUESTS_RX, memory,
			       index * sizeof(*memory));
		/* It wants interrupts. */
		memset(&memory->driver, 0, sizeof(memory->driver));
	}
	return true;
}

bool guests_start(void)
{
	static const enum path_ring_kind kinds[] = {PATH_SPLIT, PATH_PACKED, PATH_PACKED_IN_ORDER};
	unsigned i;
	pid_t child;

	guests = mmap(NULL, GUESTS_NUM * sizeof(*guests) + sizeof(*guests_word),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guests == MAP_FAILED)
		return false;
	guests_word = (struct guests_word *)&guests[GUESTS_NUM];
	for (i = 0; i < GUESTS_NUM; i++) {
		if (!guests_make(&guests[i], &guests_side[i], kinds[i % 3]))
			return false;
	}
	child = fork();
	if (child)
		return child > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	guests_run();
}
