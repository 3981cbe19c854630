/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The tests of the device model, listed once. Each gets a rig of its own. The first group has it
 * powered on and plays the SoC; the second powers it on itself; the third has a real SoC.
 */
#ifndef XVIO_TESTS_MODEL_TESTS_H
#define XVIO_TESTS_MODEL_TESTS_H

#include "rig.h"

#define MODEL_TESTS(X)              \
	X(pci_identity)             \
	X(registers)                \
	X(windows)                  \
	X(doorbell_protocol)        \
	X(doorbell_binding)         \
	X(doorbell_hostile_soc)     \
	X(mailbox_wakes)            \
	X(flash_nor_rules)          \
	X(flash_bad_arguments)      \
	X(flash_persists)           \
	X(hot_unplug)               \
	X(dma_in_and_out)           \
	X(dma_bad_operations)       \
	X(dma_bus_errors)           \
	X(dma_own_registers)        \
	X(dma_ring_wraps)           \
	X(dma_ring_overrun)         \
	X(dma_harts_share)          \
	X(dma_wakes_sleeper)        \
	X(msix_masking)             \
	X(msix_off)                 \
	X(mac_tx)                   \
	X(mac_rx)                   \
	X(mac_rx_losses)            \
	X(mac_link)                 \
	X(reset_register)           \
	X(reset_old_generation)     \
	X(reset_flr)                \
	X(reset_before_soc_control) \
	X(soc_replaced)

/* Virtual functions; played as the first group is. */
#define MODEL_TESTS_VF(X)     \
	X(vf_identity)        \
	X(vf_writes_posted)   \
	X(vf_read_held)       \
	X(vf_read_serves_dma) \
	X(vf_read_times_out)  \
	X(vf_ring_full)       \
	X(vf_reset)           \
	X(vf_requester)       \
	X(vf_msix)            \
	X(vf_notify)          \
	X(vf_own_registers)   \
	X(vf_config_window)   \
	X(vf_new_generation)

#define MODEL_TESTS_FIRMWARE(X) \
	X(firmware_rv64)        \
	X(firmware_native)

#define MODEL_TESTS_POWERED_OFF(X) \
	X(realize_flash_created)   \
	X(realize_flash_size)      \
	X(realize_ram_size)        \
	X(realize_ram_private)

#define MODEL_TEST_DECLARE(name) void test_##name(struct rig *rig);
MODEL_TESTS(MODEL_TEST_DECLARE)
MODEL_TESTS_VF(MODEL_TEST_DECLARE)
MODEL_TESTS_POWERED_OFF(MODEL_TEST_DECLARE)
MODEL_TESTS_FIRMWARE(MODEL_TEST_DECLARE)

#endif
