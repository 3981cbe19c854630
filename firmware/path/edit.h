/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What rules change in a packet: the actions of xvio/flow.h that change bytes. Afterwards its key is that of the
 * frame as it then is, and checksums that were right are right. Any core, on packets that it may write to.
 */
#ifndef PATH_EDIT_H
#define PATH_EDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <xvio/flow.h>

struct pkt;

/*
 * The bits, as on the wire, that SET may change of the four bytes at arg of header (XVIO_HDR_*); 0: there are none.
 * Others in a mask are ignored by edit_run(): who installs rules refuses them.
 */
xvio_be32 edit_set_mask(uint8_t header, uint32_t arg);

/*
 * Carries out one of SET .. CSUM (flow.h) on a packet with its key, which is in nobody else's hands. It may stand anywhere, and
 * only in part here: what is needed is brought to its own memory, and may move there (pkt->has_header is false then).
 * has_needs: pkt->offload says something; the places in it go along, and a checksum that is still to be made will be right.
 * CSUM leaves such a checksum alone, and those of packets with an IPv6 routing header that has segments left, as their
 * final destination stands elsewhere. Source routes of IPv4 are not looked for.
 * False: the packet is malformed now, or its sender's addresses fail, or it is too long for its room (pkt_make_headroom()),
 * or what is still to be summed up begins, or goes, where the headers are that are seen now. It cannot be used any more.
 * Its core, before the chain is published.
 */
bool edit_run(struct pkt *pkt, const struct xvio_flow_action *action, bool has_needs);

/* VLAN_PUSH: as edit_run(). */
bool edit_push_vlan(struct pkt *pkt, uint16_t tpid, uint16_t tci, bool has_needs);

/*
 * VLAN_POP, of a frame that has a tag, or seems to have one as its key says nothing. False: as edit_run(). If it was all in
 * its own memory the tag is off then, too, and the frame can be sent; its key is undefined.
 */
bool edit_pop_vlan(struct pkt *pkt, bool has_needs);

#endif
