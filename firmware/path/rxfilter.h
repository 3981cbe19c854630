/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What of the frames that the switch sends to a device its driver wants (virtio 1.2, 5.1.6.5.1 to
 * 5.1.6.5.3). Filled in on core 0, then read-only, and read by the port's worker (vnet_set_filter()).
 */
#ifndef PATH_RXFILTER_H
#define PATH_RXFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "path/key.h"

#define RXFILTER_MAX_MACS \
	128u /* that are listed; beyond that a sort of address is let through whole */
#define RXFILTER_SLOTS (RXFILTER_MAX_MACS * 2)
#define RXFILTER_VLANS 4096u

/* What passes of a sort of destination address. */
enum rxfilter_pass {
	RXFILTER_NONE,
	RXFILTER_LISTED,
	RXFILTER_ALL,
};

/* The caller fills in what stands above the addresses; as made, nothing passes and no tag is looked at. */
struct rxfilter {
	uint8_t unicast; /* enum rxfilter_pass */
	uint8_t multicast; /* all group addresses but the broadcast address */
	uint8_t broadcast; /* RXFILTER_NONE or _ALL */
	bool checks_vlans; /* of frames with an 802.1Q tag, only those with a VID in vlan pass */
	uint64_t vlan[RXFILTER_VLANS / 64]; /* bit VID % 64 of word VID / 64 */
	uint64_t
		first; /* the first unicast address that was listed, as rxfilter_word() has it; 0: none */
	uint64_t slot[RXFILTER_SLOTS]; /* addresses, by hash; 0 is free */
};

#define RXFILTER_USED (UINT64_C(1) << 48) /* in a word: the address of zeros is one, too */

/* An address in a word. */
static inline uint64_t rxfilter_word(const uint8_t mac[6])
{
	uint64_t word = RXFILTER_USED;

	memcpy(&word, mac, 6);
	return word;
}

/* The address that a frame with this key is sent to. */
static inline uint64_t rxfilter_word_of(const union flow_key *key)
{
	_Static_assert(offsetof(struct xvio_flow_key, eth_dst) == 4, "words of a key");
	return key->word[0] >> 32 | (key->word[1] & 0xffff) << 32 | RXFILTER_USED;
}

/* NULL: no memory. Core 0. */
struct rxfilter *rxfilter_create(void);

/* When no worker can still be using it; NULL is ignored. Core 0. */
void rxfilter_destroy(struct rxfilter *filter);

/* Lists an address, of either sort. At most RXFILTER_MAX_MACS are. Before any worker sees the filter. */
void rxfilter_list_mac(struct rxfilter *filter, const uint8_t mac[6]);

/* rxfilter_passes() for any address and tag. */
bool rxfilter_looks(const struct rxfilter *filter, uint64_t word, const union flow_key *key);

/*
 * Whether a frame passes: word is the address it is sent to, which may be another than the key's.
 * A tag of VID 0 names no VLAN (802.1Q) and passes, and so does every tag of another kind. Any core.
 */
static inline bool rxfilter_passes(const struct rxfilter *filter, uint64_t word,
				   const union flow_key *key)
{
	if (word == filter->first && filter->unicast != RXFILTER_NONE && !key->field.vlan_tpid)
		return true;
	return rxfilter_looks(filter, word, key);
}

#endif
