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

#define XVIO_BAR_REGS_BYTES	 0x20000
#define XVIO_NUM_DOORBELLS	 8192u
#define XVIO_DOORBELL_BYTES	 4096u /* a page each, so that one queue's can be given to a guest */
#define XVIO_BAR_DOORBELLS_BYTES (XVIO_NUM_DOORBELLS * XVIO_DOORBELL_BYTES)

#define XVIO_NUM_MSIX	  256u
#define XVIO_VECTOR_EVENT 0u /* mailbox done, and events (event.h) */
#define XVIO_VECTOR_NONE  0xffffu

/* Function numbers, as the DMA engine and MSI-X use them: 0 is the PF. */
#define XVIO_FUNCTION_PF    0u
#define XVIO_FUNCTION_VF(n) (1u + (n))

/*
 * Virtual functions: modern virtio network devices (virtio 1.2, 4.1). BAR 0 has a page of registers
 * and a page of notify addresses, BAR 2 MSI-X; capabilities of the vendor's type say so.
 */
#define XVIO_NUM_VFS	       64u /* TotalVFs */
#define XVIO_VF_DEVICE_ID      0x1041
#define XVIO_VF_REVISION       1
#define XVIO_VF_BAR_REGS       0 /* 64-bit */
#define XVIO_VF_BAR_MSIX       2 /* 64-bit */
#define XVIO_VF_BAR_REGS_BYTES 0x2000
#define XVIO_VF_NUM_MSIX       18u /* a queue each, and the configuration */
#define XVIO_VF_MAX_QUEUES     17u

/* Offsets in BAR 0, and lengths */
#define XVIO_VF_COMMON		  0x0000
#define XVIO_VF_COMMON_BYTES	  0x003c
#define XVIO_VF_ISR		  0x0100
#define XVIO_VF_ISR_BYTES	  0x0001
#define XVIO_VF_DEVICE		  0x0200
#define XVIO_VF_DEVICE_BYTES	  0x0018
#define XVIO_VF_REGS_BYTES	  0x1000 /* what is below is registers, the rest notifies */
#define XVIO_VF_NOTIFY		  0x1000
#define XVIO_VF_NOTIFY_MULTIPLIER 4u /* queue q is notified at NOTIFY + q x this */
#define XVIO_VF_NOTIFY_BYTES	  (XVIO_VF_MAX_QUEUES * XVIO_VF_NOTIFY_MULTIPLIER)

/* The doorbell that a notify of queue q of VF n rings: the last ones of the card. */
#define XVIO_VF_FIRST_DOORBELL (XVIO_NUM_DOORBELLS - XVIO_NUM_VFS * XVIO_VF_MAX_QUEUES)
#define XVIO_VF_DOORBELL(n, q) (XVIO_VF_FIRST_DOORBELL + (n)*XVIO_VF_MAX_QUEUES + (q))

#endif
