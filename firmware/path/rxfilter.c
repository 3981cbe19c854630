/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Receive filters (rxfilter.h): a hash table of addresses with open slots, and a bit for each VLAN.
 * Made on core 0, asked by the worker of the port it is for.
 */
#include "path/rxfilter.h"

#include <string.h>
#include "lib/endian.h"
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/parse_fast.h"

_Static_assert((RXFILTER_SLOTS & (RXFILTER_SLOTS - 1)) == 0, "a hash is masked");

#define RXFILTER_BROADCAST (RXFILTER_USED | UINT64_C(0xffffffffffff))
#define RXFILTER_GROUP	   UINT64_C(1) /* the first byte's lowest bit */

struct rxfilter *rxfilter_create(void)
{
	return heap_alloc(sizeof(struct rxfilter));
}

void rxfilter_destroy(struct rxfilter *filter)
{
	heap_free(filter);
}

/* The slot of an address, or the free one where it would stand: there are twice as many as addresses. */
static unsigned rxfilter_slot(const struct rxfilter *filter, uint64_t word)
{
	unsigned i = (unsigned)hash_word(word) % RXFILTER_SLOTS;

	while (filter->slot[i] && filter->slot[i] != word)
		i = (i + 1) % RXFILTER_SLOTS;
	return i;
}

void rxfilter_list_mac(struct rxfilter *filter, const uint8_t mac[6])
{
	uint64_t word = rxfilter_word(mac);

	filter->slot[rxfilter_slot(filter, word)] = word;
	if (!filter->first && !(word & RXFILTER_GROUP))
		filter->first = word;
}

static bool rxfilter_passes_mac(const struct rxfilter *filter, uint64_t word)
{
	enum rxfilter_pass pass = filter->unicast;

	if (word == RXFILTER_BROADCAST)
		pass = filter->broadcast;
	else if (word & RXFILTER_GROUP)
		pass = filter->multicast;
	return pass == RXFILTER_ALL ||
	       (pass == RXFILTER_LISTED && filter->slot[rxfilter_slot(filter, word)]);
}

static bool rxfilter_passes_vlan(const struct rxfilter *filter, const struct xvio_flow_key *key)
{
	uint16_t vid = endian_swap16(key->vlan_tci) & 0xfffu;

	if (!filter->checks_vlans || key->vlan_tpid != endian_swap16(ETH_TYPE_VLAN) || !vid)
		return true;
	return filter->vlan[vid / 64] >> vid % 64 & 1;
}

bool rxfilter_looks(const struct rxfilter *filter, uint64_t word, const union flow_key *key)
{
	return rxfilter_passes_vlan(filter, &key->field) && rxfilter_passes_mac(filter, word);
}
