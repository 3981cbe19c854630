/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The operation ring: DMA, MSI-X and transmission, executed by the hardware in order. Each core posts
 * to its own ring and waits for its own completions.
 */
#include "hal/link/link.h"
#include "hal/hal.h"

/* The wait ends by the hardware's signal; the time-out only bounds the harm of a lost one. */
#define OPS_WAIT_US 10000u

static struct xvio_hart_rings *ops_rings(void)
{
	return link_rings(hal_core());
}

static bool ops_done(unsigned core)
{
	struct xvio_hart_rings *rings = link_rings(core);

	/* Pairs with the hardware's release of op_cons: data and completions are there. */
	return __atomic_load_n(&rings->op_cons, __ATOMIC_ACQUIRE) == rings->op_prod;
}

static void ops_wait(void)
{
	while (!ops_done(hal_core()))
		link_sleep_unless(ops_done, OPS_WAIT_US);
}

static void ops_publish(unsigned num_ops)
{
	struct xvio_hart_rings *rings = ops_rings();

	/* Pairs with the hardware's acquire of op_prod: operations and card data are complete. */
	__atomic_store_n(&rings->op_prod, rings->op_prod + num_ops, __ATOMIC_RELEASE);
	platform_signal_hardware();
}

unsigned link_ops_room(void)
{
	struct xvio_hart_rings *rings = ops_rings();
	const uint32_t cons = __atomic_load_n(&rings->op_cons, __ATOMIC_ACQUIRE);

	return XVIO_OP_RING_ENTRIES - (rings->op_prod - cons);
}

struct xvio_op *link_ops_free(unsigned i)
{
	struct xvio_hart_rings *rings = ops_rings();

	return &rings->op[(rings->op_prod + i) % XVIO_OP_RING_ENTRIES];
}

void link_ops_execute(unsigned num_ops)
{
	if (num_ops)
		ops_publish(num_ops);
	ops_wait();
}

uint32_t link_ops_status(unsigned num_ops, unsigned i)
{
	struct xvio_hart_rings *rings = ops_rings();

	return rings->comp[(rings->op_prod - num_ops + i) % XVIO_OP_RING_ENTRIES];
}

static struct xvio_op ops_msix(uint16_t function, uint32_t vector)
{
	return (struct xvio_op){.op = XVIO_OP_MSIX, .function = function, .arg = vector};
}

static struct xvio_op ops_dma(const struct hal_dma_op *dma)
{
	if (dma->dir == HAL_DMA_MSIX)
		return ops_msix(dma->function, (uint32_t)dma->host_addr);
	return (struct xvio_op){
		.host_addr = dma->host_addr,
		.card_offset = link_offset(dma->card, dma->len_bytes),
		.len_bytes = dma->len_bytes,
		.op = dma->dir == HAL_DMA_READ ? XVIO_OP_DMA_READ : XVIO_OP_DMA_WRITE,
		.function = dma->function,
	};
}

unsigned hal_dma(struct hal_dma_op *dma, unsigned num_ops)
{
	unsigned num_failed = 0;

	while (num_ops) {
		const unsigned room = link_ops_room();
		const unsigned num = num_ops < room ? num_ops : room;

		for (unsigned i = 0; i < num; i++)
			*link_ops_free(i) = ops_dma(&dma[i]);
		link_ops_execute(num);
		for (unsigned i = 0; i < num; i++) {
			dma[i].failed = link_ops_status(num, i) != XVIO_OP_ST_OK;
			num_failed += dma[i].failed;
		}
		dma += num;
		num_ops -= num;
	}
	return num_failed;
}

void hal_msix(uint16_t function, uint16_t vector)
{
	if (!link_ops_room())
		ops_wait();
	*link_ops_free(0) = ops_msix(function, vector);
	ops_publish(1);
}
