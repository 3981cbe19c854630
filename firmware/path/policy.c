/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Policies of ports (policy.h). Set by core 0, used on the port's worker. */
#include "path/policy.h"

#include <string.h>
#include <xvio/mbox.h>
#include "lib/endian.h"
#include "path/core.h"
#include "path/edit.h"
#include "path/parse.h"
#include "path/port.h"
#include "path/veb.h"
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
	veb_port_changed(port);
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
		else if (policy->vlan_tci &&
			 !edit_push_vlan(pkt, ETH_TYPE_VLAN, policy->vlan_tci, burst->needs))
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

/* Of what goes on although it is malformed behind its tags: what its receiver's own filter looks at. */
static void policy_rough_key(struct pkt *pkt)
{
	const uint16_t type = endian_load16(pkt->data + POLICY_MACS_BYTES);
	struct xvio_flow_key *key = &pkt->key.field;

	memset(key, 0, sizeof(*key));
	key->in_port = pkt->in_port;
	memcpy(key->eth_dst, pkt->data, sizeof(key->eth_dst));
	memcpy(key->eth_src, pkt->data + sizeof(key->eth_dst), sizeof(key->eth_src));
	if (pkt->len_bytes < PARSE_ETH_BYTES + PARSE_VLAN_BYTES ||
	    !parse_is_vlan(endian_swap16(type)))
		return;
	key->vlan_tpid = type;
	key->vlan_tci =
		endian_load16(pkt->data + PARSE_ETH_BYTES) | endian_swap16(XVIO_FLOW_VLAN_PRESENT);
}

void policy_untag(struct pkt *pkt, bool has_needs)
{
	if (!edit_pop_vlan(pkt, has_needs))
		policy_rough_key(pkt);
}
