/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Policies of ports (policy.h). Set by core 0, used on the port's worker. */
#include "path/policy.h"

#include <string.h>
#include <xvio/mbox.h>
#include "lib/endian.h"
#include "path/core.h"
#include "path/parse_fast.h"
#include "path/port.h"
#include "path/worker.h"

#define POLICY_MACS_BYTES 12u /* in front of the tag */

struct policy_change {
	struct port *port;
	struct policy policy;
};

static void policy_apply(void *arg)
{
	const struct policy_change *change = arg;

	change->port->policy = change->policy;
}

void policy_set(uint16_t port, bool checks_source, uint16_t vlan_tci)
{
	struct policy_change change = {
		.port = port_get(port),
		.policy =
			{
				.any = checks_source || vlan_tci,
				.checks_source = checks_source,
				.vlan_tci = vlan_tci,
			},
	};

	port_mac(port, change.policy.mac);
	worker_call(change.port->core, policy_apply, &change);
}

void policy_mac_changed(uint16_t number)
{
	const struct policy *policy = &port_get(number)->policy; /* core 0 alone changes it */

	if (policy->any)
		policy_set(number, policy->checks_source, policy->vlan_tci);
}

static bool policy_is_spoofed(const struct policy *policy, const struct xvio_flow_key *key)
{
	if (!policy->checks_source)
		return false;
	return memcmp(key->eth_src, policy->mac, sizeof(policy->mac)) != 0 ||
	       (policy->vlan_tci && key->vlan_tpid);
}

/* The places that it names are in a frame that has grown, or shrunk if num_bytes is negative. */
static void policy_move_offload(struct offload *offload, int num_bytes)
{
	offload->csum_start = (uint16_t)(offload->csum_start + num_bytes);
	offload->l3_at = (uint8_t)(offload->l3_at + num_bytes);
	offload->l4_at = (uint16_t)(offload->l4_at + num_bytes);
}

/* The key of a frame that got a tag. False: it is malformed, seen from there. */
static bool policy_tag_key(struct pkt *pkt, uint16_t tci)
{
	struct xvio_flow_key *key = &pkt->key.field;

	if (key->vlan_tpid)
		return pkt_parse(
			pkt); /* with one more there may be more tags than are looked behind */
	key->vlan_tpid = endian_swap16(ETH_TYPE_VLAN);
	key->vlan_tci = endian_swap16(tci | XVIO_FLOW_VLAN_PRESENT);
	return true;
}

/* Puts a tag into a frame, which nobody else has yet; in its room there is space in front of it. */
static bool policy_tag(struct pkt *pkt, uint16_t tci, bool has_needs)
{
	const uint16_t tag[2] = {endian_swap16(ETH_TYPE_VLAN), endian_swap16(tci)};
	uint8_t *data;

	if (!pkt_pull(pkt))
		return false;
	data = pkt->data - POLICY_TAG_BYTES;
	memmove(data, pkt->data, POLICY_MACS_BYTES);
	memcpy(data + POLICY_MACS_BYTES, tag, sizeof(tag));
	pkt->data = data;
	pkt->have_bytes += POLICY_TAG_BYTES;
	pkt->len_bytes += POLICY_TAG_BYTES;
	pkt->has_header = false;
	if (has_needs)
		policy_move_offload(&pkt->offload, POLICY_TAG_BYTES);
	return policy_tag_key(pkt, tci);
}

void policy_admit(const struct core *core, struct port *port, struct burst *burst)
{
	const struct policy *policy = &port->policy;
	struct stats *stats = &port_row(port, core->number)->stats;
	unsigned num_spoofed = 0;
	unsigned num_malformed = 0;
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < burst->num; i++) {
		struct pkt *pkt = burst->pkt[i];

		if (policy_is_spoofed(policy, &pkt->key.field))
			num_spoofed++;
		else if (policy->vlan_tci && !policy_tag(pkt, policy->vlan_tci, burst->needs))
			num_malformed++;
		else
			burst->pkt[num++] = pkt;
	}
	burst->num = num;
	stats_add(stats, XVIO_STAT_DROP_SPOOFED, num_spoofed);
	stats_add(stats, XVIO_STAT_DROP_MALFORMED, num_malformed);
}

bool policy_delivers(const struct policy *policy, const struct pkt *pkt)
{
	const uint8_t *tag = pkt->data + POLICY_MACS_BYTES;

	return pkt->have_bytes >= PARSE_ETH_BYTES + PARSE_VLAN_BYTES &&
	       endian_get_be16(tag) == ETH_TYPE_VLAN &&
	       ((endian_get_be16(tag + 2) ^ policy->vlan_tci) & XVIO_VF_VLAN_VID) == 0;
}

/* The key of a frame that lost a tag: what its receiver's own VLAN filter sees. */
static void policy_untag_key(struct pkt *pkt)
{
	struct xvio_flow_key *key = &pkt->key.field;
	const uint16_t type = endian_load16(pkt->data + POLICY_MACS_BYTES);
	const bool is_tagged =
		pkt->len_bytes >= PARSE_ETH_BYTES + PARSE_VLAN_BYTES &&
		(type == endian_swap16(ETH_TYPE_VLAN) || type == endian_swap16(ETH_TYPE_QINQ));

	key->vlan_tpid = is_tagged ? type : 0;
	key->vlan_tci = is_tagged ? endian_load16(pkt->data + PARSE_ETH_BYTES) |
					    endian_swap16(XVIO_FLOW_VLAN_PRESENT)
				  : 0;
}

void policy_untag(struct pkt *pkt, bool has_needs)
{
	uint8_t *data = pkt->data + POLICY_TAG_BYTES;

	memmove(data, pkt->data, POLICY_MACS_BYTES);
	pkt->data = data;
	pkt->have_bytes -= POLICY_TAG_BYTES;
	pkt->len_bytes -= POLICY_TAG_BYTES;
	pkt->has_header = false;
	policy_untag_key(pkt);
	if (has_needs)
		policy_move_offload(&pkt->offload, -(int)POLICY_TAG_BYTES);
}
