/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Counters of a port (and, summed, of the card). Every packet that enters (rx) is accounted for:
 * rx + split_frames + copied_packets = tx + the drop_* lines, over all ports, representors included. Names are what ethtool -S shows.
 * Append only: the order is the ABI.
 */
#ifndef XVIO_STATS_H
#define XVIO_STATS_H

/* X(symbol, name): rx enters the card, tx leaves it, both counted at the port. */
#define XVIO_STATS(X)                                                                              \
	X(RX_PACKETS, "card_rx_packets")                                                           \
	X(RX_BYTES, "card_rx_bytes")                                                               \
	X(TX_PACKETS, "card_tx_packets")                                                           \
	X(TX_BYTES, "card_tx_bytes")                                                               \
	X(REPR_RX_PACKETS, "card_repr_rx_packets") /* host software sent them out of this port */  \
	X(REPR_TX_PACKETS, "card_repr_tx_packets") /* misses handed to host software */            \
	X(FLOW_HITS, "flow_hits") /* in chain 0; so are misses */                                  \
	X(FLOW_MISSES, "flow_misses")                                                              \
	X(DROP_RULE, "drop_rule") /* a rule said so */                                             \
	X(DROP_MALFORMED, "drop_malformed") /* truncated or inconsistent headers */                \
	X(DROP_OVERSIZE, "drop_oversize") /* longer than the port's or the card's limit */         \
	X(DROP_PORT_DOWN, "drop_port_down") /* counted at the port it should have left by */       \
	X(DROP_NO_BUFFER, "drop_no_buffer") /* the receiver has posted no (large enough) buffer */ \
	X(DROP_NO_HOST, "drop_no_host") /* a miss while the PF's queues are down */                \
	X(DROP_BAD_META, "drop_bad_meta") /* host's mark names no port */                          \
	X(DROP_RING_ERROR, "drop_ring_error") /* lost with a ring that was stopped */              \
	X(MAC_NO_SLOT, "mac_no_slot") /* frames the MAC lost before the firmware; not in rx */     \
	X(RING_ERR_INDEX, "ring_err_index")                                                        \
	X(RING_ERR_LOOP, "ring_err_loop")                                                          \
	X(RING_ERR_LENGTH, "ring_err_length")                                                      \
	X(RING_ERR_DIRECTION, "ring_err_direction")                                                \
	X(RING_ERR_FLAGS, "ring_err_flags")                                                        \
	X(RING_ERR_ADDRESS, "iotlb_refused") /* an address outside the device's map */             \
	X(RING_ERR_DMA, "dma_error")                                                               \
	X(MBOX_BAD_OPCODE, "mbox_bad_opcode") /* the mbox_ lines are the card's, port 0 */         \
	X(MBOX_BAD_LENGTH, "mbox_bad_length")                                                      \
	X(MBOX_BAD_OBJECT, "mbox_bad_object")                                                      \
	X(MBOX_BAD_VALUE, "mbox_bad_value")                                                        \
	X(SPLIT_FRAMES,                                                                            \
	  "split_frames") /* what the card cut packets into for this port, but one each */         \
	X(DROP_FILTERED, "drop_filtered") /* the receiver's driver does not want it */             \
	X(DROP_SPOOFED, "drop_spoofed") /* the port's policy does not let it send this */          \
	X(DROP_VLAN, "drop_vlan") /* not of the VLAN of the port it should have left by */         \
	X(DROP_POLICED, "drop_policed") /* by a rule's meter, or longer than a rule allows */      \
	X(DROP_DEPTH, "drop_depth") /* through more chains than there may be */                    \
	X(COPIED_PACKETS, "copied_packets") /* more than one of each that came in */               \
	X(DROP_OTHER_UPLINK, "drop_other_uplink") /* legacy mode has uplink 0 only */              \
	X(DROP_UNKNOWN_DST, "drop_unknown_dst") /* legacy mode: there is nobody it could be for */ \
	X(DROP_SAME_PORT, "drop_same_port") /* legacy mode: who it is for is where it came from */ \
	X(VEB_NOT_LEARNT, "veb_not_learnt") /* addresses without a place in the table; port 0 */

#define XVIO_STAT_ENUM(symbol, name) XVIO_STAT_##symbol,
enum xvio_stat { XVIO_STATS(XVIO_STAT_ENUM) XVIO_STAT_NUM };

#endif
