/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * What the card is on the PCI bus: ids, BARs, vectors. 1af4:10f0 lies in the range that QEMU's
 * list leaves for experiments; a real card brings its own assigned id.
 */
#ifndef XVIO_PCI_H
#define XVIO_PCI_H

#define XVIO_PCI_VENDOR_ID 0x1af4
#define XVIO_PCI_DEVICE_ID 0x10f0
#define XVIO_PCI_CLASS	   0x020000 /* Ethernet controller */

#define XVIO_BAR_REGS	   0 /* 64-bit, registers and windows, regs.h */
#define XVIO_BAR_DOORBELLS 2 /* 64-bit, one page per queue */
#define XVIO_BAR_MSIX	   4 /* 64-bit, MSI-X table and pending bits */

#define XVIO_BAR_REGS_BYTES	 0x10000
#define XVIO_NUM_DOORBELLS	 4096u
#define XVIO_DOORBELL_BYTES	 4096u /* a page each, so that one queue's can be given to a guest */
#define XVIO_BAR_DOORBELLS_BYTES (XVIO_NUM_DOORBELLS * XVIO_DOORBELL_BYTES)

#define XVIO_NUM_MSIX	  256u
#define XVIO_VECTOR_EVENT 0u /* mailbox done, and events (event.h) */
#define XVIO_VECTOR_NONE  0xffffu

/* Function numbers, as the DMA engine and MSI-X use them: 0 is the PF. */
#define XVIO_FUNCTION_PF 0u

#endif
