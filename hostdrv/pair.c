// SPDX-License-Identifier: GPL-2.0
/*
 * The PF's queue pair: started by the first netdev that goes up, stopped by the last that goes down
 * (both under rtnl), polled by one NAPI, which belongs to the PF's netdev for its whole life.
 */
#include "xvio.h"

static int pair_poll(struct napi_struct *napi, int budget)
{
	struct xvio_pair *pair = container_of(napi, struct xvio_pair, napi);
	struct xvio *xv = container_of(pair, struct xvio, pair);
	bool idle;
	int done;

	xvio_ring_disable_interrupt(&pair->rx.ring);
	xvio_ring_disable_interrupt(&pair->tx.ring);
	xvio_tx_reclaim(xv);
	done = xvio_rx_poll(xv, budget);
	if (done == budget || !napi_complete_done(napi, done))
		return done;
	idle = xvio_ring_enable_interrupt(&pair->rx.ring);
	idle &= xvio_ring_enable_interrupt(&pair->tx.ring);
	if (!idle)
		napi_schedule(napi);
	return done;
}

/* Both under the mailbox's lock: a restart begins the rings anew while nobody polls them. */

static void pair_start_polling(struct xvio *xv)
{
	struct xvio_pair *pair = &xv->pair;

	napi_enable(&pair->napi);
	WRITE_ONCE(pair->running, true);
	/* What came before the handler was allowed to schedule */
	local_bh_disable();
	napi_schedule(&pair->napi);
	local_bh_enable();
}

static void pair_stop_polling(struct xvio *xv)
{
	struct xvio_pair *pair = &xv->pair;

	WRITE_ONCE(pair->running, false);
	synchronize_irq(xv->irq.vectors[XVIO_VECTOR_PAIR].irq);
	napi_disable(&pair->napi);
}

static int pair_start(struct xvio *xv)
{
	struct xvio_pair *pair = &xv->pair;
	int err;

	err = xvio_ring_start(&pair->rx.ring);
	if (err)
		return err;
	err = xvio_ring_start(&pair->tx.ring);
	if (err)
		goto stop_rx;
	xvio_mbox_lock(xv);
	xvio_rx_fill(&pair->rx);
	pair_start_polling(xv);
	xvio_mbox_unlock(xv);
	return 0;

stop_rx:
	xvio_ring_stop(&pair->rx.ring);
	return err;
}

static void pair_stop(struct xvio *xv)
{
	struct xvio_pair *pair = &xv->pair;

	xvio_mbox_lock(xv);
	pair_stop_polling(xv);
	xvio_mbox_unlock(xv);
	xvio_ring_stop(&pair->tx.ring);
	xvio_ring_stop(&pair->rx.ring);
	xvio_tx_flush(&pair->tx);
}

int xvio_pair_replay(struct xvio *xv)
{
	struct xvio_pair *pair = &xv->pair;
	const bool runs = pair->running;
	int err;

	if (runs)
		pair_stop_polling(xv);
	if (pair->tx.ring.started)
		xvio_tx_flush(&pair->tx);
	err = xvio_ring_replay(&pair->rx.ring);
	if (!err)
		err = xvio_ring_replay(&pair->tx.ring);
	if (!err && runs)
		xvio_rx_fill(&pair->rx);
	if (runs)
		pair_start_polling(xv);
	return err;
}

int xvio_pair_get(struct xvio *xv)
{
	int err;

	ASSERT_RTNL();
	if (!xv->pair.users) {
		err = pair_start(xv);
		if (err)
			return err;
	}
	xv->pair.users++;
	return 0;
}

void xvio_pair_put(struct xvio *xv)
{
	ASSERT_RTNL();
	if (!--xv->pair.users)
		pair_stop(xv);
}

int xvio_pair_create(struct xvio *xv)
{
	int err;

	err = xvio_rx_create(xv);
	if (err)
		return err;
	err = xvio_tx_create(xv);
	if (err)
		goto destroy_rx;
	netif_napi_add(xv->netdev, &xv->pair.napi, pair_poll);
	return 0;

destroy_rx:
	xvio_rx_destroy(xv);
	return err;
}

void xvio_pair_destroy(struct xvio *xv)
{
	netif_napi_del(&xv->pair.napi);
	xvio_tx_destroy(xv);
	xvio_rx_destroy(xv);
}
