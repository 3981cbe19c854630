/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Shows what stands in the RAM of an emulated card, alive or dead: who runs, every hart's rings, the
 * uplinks' slots, VF registers, and the firmware's log. Reads the file that is the card's RAM, changes nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "xvio/link.h"
#include "xvio/regs.h"
#include "xvio/trace.h"

static void show_status(const uint8_t *ram)
{
	static const char *const states[] = {"off",	 "rom",	    "no image",
					     "starting", "running", "panic"};
	const struct xvio_status *status = (const void *)(ram + XVIO_RAM_STATUS);
	const struct xvio_link *link = (const void *)(ram + XVIO_RAM_LINK);
	const uint32_t state = status->state;

	printf("hardware: generation %u, %u uplinks, link up 0x%x, mailbox %u\n", link->generation,
	       link->num_uplinks, link->link_up, link->mbox_seq);
	printf("status: %s, generation %u, heartbeat %llu, slot %u, %u cores, version %.*s\n",
	       state < sizeof(states) / sizeof(*states) ? states[state] : "?", status->generation,
	       (unsigned long long)status->heartbeat, status->boot_slot, status->num_cores,
	       XVIO_VERSION_BYTES, status->version);
	if (status->message[0])
		printf("message: %.*s\n", XVIO_MESSAGE_BYTES, status->message);
}

static void show_harts(const uint8_t *ram)
{
	const struct xvio_link *link = (const void *)(ram + XVIO_RAM_LINK);
	unsigned int i;

	for (i = 0; i < XVIO_MAX_HARTS; i++) {
		const struct xvio_hart_rings *r =
			(const void *)(ram + XVIO_RAM_RINGS + i * XVIO_HART_RINGS_STRIDE);

		if (!link->hart[i].ready_generation)
			continue;
		printf("hart %u: generation %u, %s, ops %u of %u done, doorbells %u of %u taken\n",
		       i, link->hart[i].ready_generation,
		       link->hart[i].sleeping ? "asleep" : "awake", r->op_cons, r->op_prod,
		       r->db_cons, r->db_prod);
	}
}

static void show_uplinks(const uint8_t *ram)
{
	const struct xvio_link *link = (const void *)(ram + XVIO_RAM_LINK);
	unsigned int i;

	for (i = 0; i < link->num_uplinks && i < XVIO_LINK_MAX_UPLINKS; i++) {
		const struct xvio_mac_rx *rx =
			(const void *)(ram + XVIO_RAM_MAC_RX + i * XVIO_MAC_RX_STRIDE);

		printf("uplink %u: hart %u, frames %u of %u taken, %u lost (no slot), %u "
		       "oversize\n",
		       i, link->mac_rx_hart[i], rx->cons, rx->prod, rx->no_slot, rx->oversize);
	}
}

static void show_vfs(const uint8_t *ram)
{
	const struct xvio_vf_ring *ring = (const void *)(ram + XVIO_RAM_VF_RING);

	printf("VF registers: %u of %u writes done%s\n", ring->cons, ring->prod,
	       ring->waiting ? ", a read is held" : "");
}

static void show_log(const uint8_t *ram)
{
	const struct xvio_trace_ring *trace = (const void *)(ram + XVIO_RAM_TRACE);
	const uint64_t head = trace->head;
	uint64_t i = head > XVIO_TRACE_BYTES ? head - XVIO_TRACE_BYTES : 0;

	printf("log (%llu bytes ever):\n", (unsigned long long)head);
	for (; i < head; i++)
		putchar(trace->data[i % XVIO_TRACE_BYTES]);
}

int main(int argc, char **argv)
{
	const uint8_t *ram;
	struct stat st;
	int fd;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: card-dump FILE   (the file that is the card's RAM)\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		return 1;
	}
	if (st.st_size != XVIO_RAM_BYTES) {
		fprintf(stderr, "%s: not the RAM of a card, which has %u bytes\n", argv[1],
			XVIO_RAM_BYTES);
		return 1;
	}
	ram = mmap(NULL, XVIO_RAM_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (ram == MAP_FAILED) {
		perror(argv[1]);
		return 1;
	}
	show_status(ram);
	show_harts(ram);
	show_uplinks(ram);
	show_vfs(ram);
	show_log(ram);
	return 0;
}
