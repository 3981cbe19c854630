/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Records that outlive a restart (keep.h). Each has two slots, written in turn: a slot says in a checksum
 * that it is whole, and of two that are the one with the later number counts. To forget is to write an empty one.
 */
#include "ctrl/keep.h"
#include "hal/hal.h"
#include "lib/panic.h"
#include <string.h>

#define KEEP_MAGIC	UINT64_C(0x7065656b6f697678) /* "xviokeep" */
#define KEEP_LAYOUT	1u /* counts changes of this file's structures, and of what is kept in them */
#define KEEP_NUM_PORTS	(XVIO_NUM_VFS + XVIO_MAX_VDPA)
#define KEEP_NUM_SLOTS	2u
#define KEEP_NO_SLOT	KEEP_NUM_SLOTS
#define KEEP_NUM_ALL	(KEEP_NUM_PORTS + XVIO_NUM_VFS)
#define KEEP_FACTOR	UINT64_C(0x9e3779b97f4a7c15) /* odd: no two words come to the same */
#define KEEP_SLOT_BYTES 16u /* in front of what is kept */

struct keep_slot {
	uint32_t sum; /* of the rest, as far as len_bytes goes */
	uint32_t seq;
	uint32_t len_bytes; /* 0: there is no record */
	uint32_t which; /* record that this is a slot of */
};
_Static_assert(sizeof(struct keep_slot) == KEEP_SLOT_BYTES, "as far as the checksum goes");

struct keep_net_slot {
	struct keep_slot slot;
	uint8_t data[KEEP_MAX_NET_BYTES];
};

struct keep_pci_slot {
	struct keep_slot slot;
	uint8_t data[KEEP_MAX_PCI_BYTES];
};

struct keep_memory {
	uint64_t magic;
	uint64_t layout;
	struct virtq_place place[XVIO_NUM_DOORBELLS];
	struct keep_net_slot net[KEEP_NUM_PORTS][KEEP_NUM_SLOTS];
	struct keep_pci_slot pci[XVIO_NUM_VFS][KEEP_NUM_SLOTS];
};

static struct keep_memory *keep_memory;
/* Which slot of a record counts, plus 1; 0: it was not looked at yet. */
static uint8_t keep_newest[KEEP_NUM_ALL];

void keep_start(void)
{
	size_t len_bytes;

	keep_memory = hal_keep(&len_bytes);
	if (len_bytes < sizeof(*keep_memory))
		panic("keep: no room for what outlives a restart");
	memset(keep_newest, 0, sizeof(keep_newest));
	if (keep_memory->magic == KEEP_MAGIC && keep_memory->layout == KEEP_LAYOUT)
		return;
	/* A slot of another layout has another checksum. */
	memset(keep_memory->place, 0, sizeof(keep_memory->place));
	keep_memory->layout = KEEP_LAYOUT;
	__atomic_store_n(&keep_memory->magic, KEEP_MAGIC, __ATOMIC_RELEASE);
}

struct virtq_place *keep_place(uint32_t doorbell)
{
	return &keep_memory->place[doorbell];
}

/* Records, ports' in front; KEEP_NUM_ALL: there is none. */
static unsigned keep_which(enum keep_kind kind, unsigned number)
{
	if (kind == KEEP_PCI)
		return number < XVIO_NUM_VFS ? KEEP_NUM_PORTS + number : KEEP_NUM_ALL;
	if (number >= XVIO_PORT_VDPA(0) && number < XVIO_PORT_VDPA(XVIO_MAX_VDPA))
		return XVIO_NUM_VFS + number - XVIO_PORT_VDPA(0);
	if (number >= XVIO_PORT_VF(0) && number < XVIO_PORT_VF(XVIO_NUM_VFS))
		return number - XVIO_PORT_VF(0);
	return KEEP_NUM_ALL;
}

static struct keep_slot *keep_slot(unsigned which, unsigned i)
{
	if (which < KEEP_NUM_PORTS)
		return &keep_memory->net[which][i].slot;
	return &keep_memory->pci[which - KEEP_NUM_PORTS][i].slot;
}

static size_t keep_max_bytes(unsigned which)
{
	return which < KEEP_NUM_PORTS ? KEEP_MAX_NET_BYTES : KEEP_MAX_PCI_BYTES;
}

/* What is kept stands behind it. */
static uint8_t *keep_data(struct keep_slot *slot)
{
	return (uint8_t *)slot + KEEP_SLOT_BYTES;
}

static uint64_t keep_mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * KEEP_FACTOR;
	return sum ^ sum >> 32;
}

/* Not crc32(): a VF's driver has a record of a kilobyte written by each register that it sets. */
static uint32_t keep_sum(const struct keep_slot *slot)
{
	const uint8_t *at = (const uint8_t *)&slot->seq;
	size_t left = KEEP_SLOT_BYTES - sizeof(slot->sum) + slot->len_bytes;
	uint64_t sum = KEEP_LAYOUT;
	uint64_t word;

	for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = keep_mix(sum, word);
	}
	word = 0;
	memcpy(&word, at, left);
	return (uint32_t)keep_mix(sum, word);
}

static bool keep_is_whole(unsigned which, unsigned i)
{
	struct keep_slot *slot = keep_slot(which, i);

	return slot->seq && slot->which == which && slot->len_bytes <= keep_max_bytes(which) &&
	       slot->sum == keep_sum(slot);
}

/* The slot that counts, KEEP_NO_SLOT if none does. */
static unsigned keep_find(unsigned which)
{
	bool is_whole[KEEP_NUM_SLOTS];
	unsigned newest = KEEP_NO_SLOT;

	if (keep_newest[which])
		return keep_newest[which] - 1u;
	is_whole[0] = keep_is_whole(which, 0);
	is_whole[1] = keep_is_whole(which, 1);
	if (is_whole[0] && is_whole[1])
		newest = (int32_t)(keep_slot(which, 1)->seq - keep_slot(which, 0)->seq) > 0;
	else if (is_whole[0] || is_whole[1])
		newest = is_whole[1];
	keep_newest[which] = (uint8_t)(newest + 1);
	return newest;
}

static void keep_fill(unsigned which, const void *data, size_t len_bytes)
{
	const unsigned newest = keep_find(which);
	const unsigned next = newest == 0 ? 1 : 0;
	struct keep_slot *slot = keep_slot(which, next);
	uint32_t seq = newest == KEEP_NO_SLOT ? 1 : keep_slot(which, newest)->seq + 1;

	slot->sum = 0; /* not whole as long as it is being written, but for one chance in 2^32 */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->seq = seq ? seq : 1;
	slot->len_bytes = (uint32_t)len_bytes;
	slot->which = which;
	memcpy(keep_data(slot), data, len_bytes);
	/* Pairs with the end of this run: whoever finds the checksum finds the rest. */
	__atomic_store_n(&slot->sum, keep_sum(slot), __ATOMIC_RELEASE);
	keep_newest[which] = (uint8_t)(next + 1);
}

static bool keep_is_the_same(unsigned which, const void *data, size_t len_bytes)
{
	const unsigned newest = keep_find(which);
	struct keep_slot *slot;

	if (newest == KEEP_NO_SLOT)
		return len_bytes == 0;
	slot = keep_slot(which, newest);
	return slot->len_bytes == len_bytes && memcmp(keep_data(slot), data, len_bytes) == 0;
}

void keep_write(enum keep_kind kind, unsigned number, const void *data, size_t len_bytes)
{
	const unsigned which = keep_which(kind, number);

	if (which < KEEP_NUM_ALL && len_bytes <= keep_max_bytes(which) &&
	    !keep_is_the_same(which, data, len_bytes))
		keep_fill(which, data, len_bytes);
}

bool keep_read(enum keep_kind kind, unsigned number, void *data, size_t len_bytes)
{
	const unsigned which = keep_which(kind, number);
	unsigned newest;

	if (which == KEEP_NUM_ALL)
		return false;
	keep_newest[which] = 0; /* what stands there is looked at, not what we remember */
	newest = keep_find(which);
	if (newest == KEEP_NO_SLOT || keep_slot(which, newest)->len_bytes != len_bytes)
		return false;
	memcpy(data, keep_data(keep_slot(which, newest)), len_bytes);
	return true;
}

void keep_forget(enum keep_kind kind, unsigned number)
{
	keep_write(kind, number, "", 0);
}
