/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How software is told the chain that the card has come to with a packet. Debian's kernel is built
 * without that (CONFIG_NET_TC_SKB_EXT): there it begins at chain 0 again, as with any packet.
 */
#ifndef XVIO_TC_H
#define XVIO_TC_H

#include <net/pkt_cls.h>

#if IS_ENABLED(CONFIG_NET_TC_SKB_EXT)

#define XVIO_HAS_TC_CHAIN true

static inline void xvio_tc_chain_enable(void)
{
	tc_skb_ext_tc_enable();
}

static inline void xvio_tc_chain_disable(void)
{
	tc_skb_ext_tc_disable();
}

/* False: there is no memory. */
static inline bool xvio_tc_chain_set(struct sk_buff *skb, u32 chain)
{
	struct tc_skb_ext *ext = tc_skb_ext_alloc(skb);

	if (ext)
		ext->chain = chain;
	return ext;
}

#else

#define XVIO_HAS_TC_CHAIN false

static inline void xvio_tc_chain_enable(void)
{
}

static inline void xvio_tc_chain_disable(void)
{
}

static inline bool xvio_tc_chain_set(struct sk_buff *skb, u32 chain)
{
	return true;
}

#endif

#endif
