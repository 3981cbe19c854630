/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Addresses and ports in legacy mode (veb_table.h). All changes on core 0; entries that are taken out are freed when no
 * worker can have them any more (epoch.h).
 */
#include "path/veb_table.h"

#include <string.h>
#include <xvio/mbox.h>
#include <xvio/stats.h>
#include "lib/hash.h"
#include "lib/heap.h"
#include "path/epoch.h"
#include "path/index.h"
#include "path/port.h"

/* The address that a port has. Of several ports with the same one, that which had it first has the entry. */
struct veb_station {
	uint64_t word; /* 0: none */
	uint64_t since;
	struct veb_entry *entry;
};

static struct index veb_index; /* of struct veb_entry */
static _Atomic(struct veb_members *) veb_members; /* released, pairs with veb_table_members() */
static struct veb_station *veb_station; /* [XVIO_NUM_PORTS], core 0; so is all below */
static uint16_t *veb_num_of_port; /* learnt */
static uint32_t veb_num_learnt;
static uint64_t veb_num_claims;
static uint32_t veb_cursor; /* of ageing */

bool veb_table_init(void)
{
	atomic_store_explicit(&veb_members, NULL, memory_order_relaxed);
	veb_station = heap_alloc(XVIO_NUM_PORTS * sizeof(veb_station[0]));
	veb_num_of_port = heap_alloc(XVIO_NUM_PORTS * sizeof(veb_num_of_port[0]));
	veb_num_learnt = 0;
	veb_num_claims = 0;
	veb_cursor = 0;
	return veb_station && veb_num_of_port && index_init(&veb_index);
}

/* Entries */

static uint32_t veb_hash(uint64_t word)
{
	return (uint32_t)hash_word(word);
}

/* There is at most one. */
static struct veb_entry *veb_walk(uint64_t word, struct index_walk *walk)
{
	struct veb_entry *entry;

	*walk = index_begin(&veb_index, veb_hash(word));
	do
		entry = index_next(walk);
	while (entry && entry->word != word);
	return entry;
}

static struct veb_entry *veb_find_word(uint64_t word)
{
	struct index_walk walk;

	return veb_walk(word, &walk);
}

static uint16_t veb_entry_port(const struct veb_entry *entry)
{
	return atomic_load_explicit(&entry->port, memory_order_relaxed);
}

static uint64_t veb_entry_last_us(const struct veb_entry *entry)
{
	return atomic_load_explicit(&entry->last_us, memory_order_relaxed);
}

/* Another core's clock may be a little ahead of ours. */
static bool veb_is_old(const struct veb_entry *entry, uint64_t now_us, uint64_t ageing_us)
{
	return veb_entry_last_us(entry) + ageing_us < now_us;
}

static struct veb_entry *veb_add(uint64_t word, uint16_t port, bool is_static, uint64_t at_us)
{
	struct veb_entry *entry = index_make_room(&veb_index) ? heap_alloc(sizeof(*entry)) : NULL;

	if (!entry)
		return NULL;
	entry->word = word;
	entry->is_static = is_static;
	atomic_store_explicit(&entry->port, port, memory_order_relaxed);
	atomic_store_explicit(&entry->last_us, at_us, memory_order_relaxed);
	index_put(&veb_index, veb_hash(word), entry);
	return entry;
}

static void veb_remove(struct veb_entry *entry)
{
	struct index_walk walk;

	veb_walk(entry->word, &walk);
	index_remove(&veb_index, &walk);
	if (!entry->is_static) {
		veb_num_learnt--;
		veb_num_of_port[veb_entry_port(entry)]--;
	}
	epoch_defer(heap_free, entry);
}

struct veb_entry *veb_table_find(uint16_t vid, uint64_t mac, uint64_t now_us, uint64_t ageing_us)
{
	struct veb_entry *entry = veb_find_word(veb_word(vid, mac));
	struct veb_entry *own;

	if (entry && entry->is_static)
		return entry;
	own = veb_find_word(veb_word(VEB_ANY_VID, mac));
	if (own)
		return own;
	return entry && !veb_is_old(entry, now_us, ageing_us) ? entry : NULL;
}

/* Addresses of ports */

/* What was learnt of it gives way. Without memory the port has no entry: what is for it is for nobody known. */
static void veb_publish(uint16_t number)
{
	struct veb_station *station = &veb_station[number];
	struct veb_entry *learnt = veb_find_word(station->word);

	if (learnt)
		veb_remove(learnt);
	station->entry = veb_add(station->word, number, true, 0);
	if (!station->entry)
		port_count_control(XVIO_STAT_VEB_NOT_LEARNT);
}

static void veb_claim(uint16_t number, uint64_t word)
{
	const struct veb_entry *entry = word ? veb_find_word(word) : NULL;
	struct veb_station *station = &veb_station[number];

	station->word = word;
	station->since = ++veb_num_claims;
	if (word && !(entry && entry->is_static))
		veb_publish(number);
}

/* The address goes over to the port that has waited longest. */
static void veb_pass_on(uint64_t word)
{
	unsigned next = XVIO_NUM_PORTS;
	unsigned i;

	for (i = 0; i < XVIO_NUM_PORTS; i++) {
		if (veb_station[i].word != word)
			continue;
		if (next == XVIO_NUM_PORTS || veb_station[i].since < veb_station[next].since)
			next = i;
	}
	if (next < XVIO_NUM_PORTS)
		veb_publish((uint16_t)next);
}

static void veb_withdraw(uint16_t number)
{
	struct veb_station gone = veb_station[number];

	veb_station[number] = (struct veb_station){0};
	if (!gone.entry)
		return;
	veb_remove(gone.entry);
	veb_pass_on(gone.word);
}

static bool veb_is_uplink(uint16_t number)
{
	return number >= XVIO_PORT_UPLINK(0) && number < XVIO_PORT_UPLINK(XVIO_MAX_UPLINKS);
}

/* 0: it has none that frames are sent to. */
static uint64_t veb_own_word(uint16_t number)
{
	const struct port *port = port_get(number);
	uint16_t vid = VEB_ANY_VID;
	uint64_t mac = 0;

	if (!port || veb_is_uplink(number))
		return 0;
	memcpy(&mac, port->mac, sizeof(port->mac));
	if (!mac || mac & VEB_GROUP)
		return 0;
	if (port->policy.vlan_tci) /* core 0 alone changes it */
		vid = port->policy.vlan_tci & XVIO_VF_VLAN_VID;
	return veb_word(vid, mac);
}

/* Ports */

static struct veb_member veb_make_member(const struct port *port)
{
	return (struct veb_member){
		.port = port->number,
		.vid = port->policy.vlan_tci & XVIO_VF_VLAN_VID,
		.core = port->any_core_sends ? 0 : (uint8_t)port->core,
		.promiscuous = port->promiscuous,
	};
}

static bool veb_takes_part(uint16_t number)
{
	return port_exists(number) && (!veb_is_uplink(number) || number == XVIO_PORT_UPLINK(0));
}

static void veb_publish_members(struct veb_members *members)
{
	struct veb_members *before =
		atomic_exchange_explicit(&veb_members, members, memory_order_acq_rel);

	if (before)
		epoch_defer(heap_free, before);
}

/* Without memory it stays as it was: one that is gone is not found, one that is new is not flooded to. */
static void veb_list_members(void)
{
	struct veb_members *members;
	unsigned num = 0;
	uint16_t i;

	for (i = 0; i < XVIO_NUM_PORTS; i++)
		num += veb_takes_part(i);
	members = heap_alloc(sizeof(*members) + num * sizeof(members->member[0]));
	if (!members)
		return;
	for (i = 0; i < XVIO_NUM_PORTS; i++) {
		if (veb_takes_part(i))
			members->member[members->num++] = veb_make_member(port_get(i));
	}
	veb_publish_members(members);
}

const struct veb_members *veb_table_members(void)
{
	return atomic_load_explicit(&veb_members, memory_order_acquire);
}

/* What was learnt behind a port; XVIO_PORT_NONE: behind any. */
static void veb_forget_port(uint16_t port)
{
	uint32_t i;

	for (i = 0; i < index_num_slots(&veb_index); i++) {
		struct veb_entry *entry = index_at(&veb_index, i);

		if (entry && !entry->is_static &&
		    (port == XVIO_PORT_NONE || veb_entry_port(entry) == port))
			veb_remove(entry);
	}
}

static void veb_set_station(uint16_t number)
{
	const uint64_t word = veb_own_word(number);

	if (word == veb_station[number].word)
		return;
	veb_withdraw(number);
	veb_claim(number, word);
}

void veb_table_port_changed(uint16_t number)
{
	veb_set_station(number);
	if (!port_exists(number) && veb_num_of_port[number])
		veb_forget_port(number);
	veb_list_members();
}

void veb_table_open(void)
{
	uint16_t i;

	for (i = 0; i < XVIO_NUM_PORTS; i++)
		veb_set_station(i);
	veb_list_members();
}

void veb_table_close(void)
{
	unsigned i;

	veb_publish_members(NULL);
	veb_forget_port(XVIO_PORT_NONE);
	for (i = 0; i < XVIO_NUM_PORTS; i++) {
		if (veb_station[i].entry)
			veb_remove(veb_station[i].entry);
		veb_station[i] = (struct veb_station){0};
	}
}

/* Learning and forgetting */

static bool veb_has_room(uint16_t port)
{
	if (veb_num_of_port[port] < VEB_MAX_OF_PORT)
		return true;
	port_count_control(XVIO_STAT_VEB_NOT_LEARNT);
	return false;
}

static void veb_move(struct veb_entry *entry, uint16_t port)
{
	if (!veb_has_room(port))
		return;
	veb_num_of_port[veb_entry_port(entry)]--;
	veb_num_of_port[port]++;
	atomic_store_explicit(&entry->port, port, memory_order_relaxed);
}

static void veb_learn_new(uint64_t word, uint16_t port, uint64_t at_us)
{
	if (!veb_has_room(port))
		return;
	if (veb_num_learnt == VEB_MAX_LEARNT || !veb_add(word, port, false, at_us)) {
		port_count_control(XVIO_STAT_VEB_NOT_LEARNT);
		return;
	}
	veb_num_learnt++;
	veb_num_of_port[port]++;
}

void veb_table_learn(uint64_t word, uint16_t port, uint64_t at_us)
{
	struct veb_entry *entry = veb_find_word(word);

	if (!veb_takes_part(port) || (entry && entry->is_static) ||
	    veb_find_word(veb_word(VEB_ANY_VID, word & VEB_MAC)))
		return;
	if (!entry) {
		veb_learn_new(word, port, at_us);
		return;
	}
	if (veb_entry_port(entry) != port)
		veb_move(entry, port);
	if (veb_entry_port(entry) == port && veb_entry_last_us(entry) < at_us)
		atomic_store_explicit(&entry->last_us, at_us, memory_order_relaxed);
}

void veb_table_forget(void)
{
	veb_forget_port(XVIO_PORT_NONE);
}

void veb_table_age(unsigned num_slots, uint64_t now_us, uint64_t ageing_us)
{
	for (; num_slots; num_slots--) {
		struct veb_entry *entry;

		if (veb_cursor >= index_num_slots(&veb_index))
			veb_cursor = 0;
		entry = index_at(&veb_index, veb_cursor++);
		if (entry && !entry->is_static && veb_is_old(entry, now_us, ageing_us))
			veb_remove(entry);
	}
}

uint32_t veb_table_num_learnt(void)
{
	return veb_num_learnt;
}
