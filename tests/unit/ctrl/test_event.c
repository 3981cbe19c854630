/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* ctrl/event: order, interrupt, and a host that falls behind; links as seen by the host. */
#include "card.h"
#include "ctrl/event.h"

static void entries_and_interrupt(void **state)
{
	const struct xvio_event_ring *ring = hal_events();
	const unsigned before = fake_msix_count(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT);

	(void)state;
	event_post(XVIO_EVENT_QUEUE_ERROR, 77, XVIO_RING_ERR_LOOP);
	assert_int_equal(ring->head, 1);
	assert_int_equal(ring->entry[0].type, XVIO_EVENT_QUEUE_ERROR);
	assert_int_equal(ring->entry[0].object, 77);
	assert_int_equal(ring->entry[0].arg, XVIO_RING_ERR_LOOP);
	assert_int_equal(fake_msix_count(XVIO_FUNCTION_PF, XVIO_VECTOR_EVENT), before + 1);
}

static void overflow_keeps_the_latest(void **state)
{
	const struct xvio_event_ring *ring = hal_events();
	const uint32_t num = 3 * XVIO_EVENT_RING_ENTRIES + 5;

	(void)state;
	for (uint32_t i = 0; i < num; i++)
		event_post(XVIO_EVENT_VDPA_CONFIG, i, i + 1);
	assert_int_equal(ring->head, num);
	for (uint32_t i = num - XVIO_EVENT_RING_ENTRIES; i < num; i++) {
		assert_int_equal(ring->entry[i % XVIO_EVENT_RING_ENTRIES].object, i);
		assert_int_equal(ring->entry[i % XVIO_EVENT_RING_ENTRIES].arg, i + 1);
	}
}

static void link_changes(void **state)
{
	const struct xvio_event_ring *ring = hal_events();

	(void)state;
	fake_mac_set_link(1, false);
	ctrl_poll();
	ctrl_poll();
	assert_int_equal(ring->head, 1);
	assert_int_equal(ring->entry[0].type, XVIO_EVENT_LINK);
	assert_int_equal(ring->entry[0].object, XVIO_PORT_UPLINK(1));
	assert_int_equal(ring->entry[0].arg, 0);
	fake_mac_set_link(1, true);
	ctrl_poll();
	assert_int_equal(ring->head, 2);
	assert_int_equal(ring->entry[1].arg, 1);
}

static void heartbeat_grows(void **state)
{
	const uint64_t before = hal_status()->heartbeat;

	(void)state;
	ctrl_poll();
	assert_true(hal_status()->heartbeat > before);
	assert_int_equal(hal_status()->state, XVIO_STATE_RUNNING);
	assert_int_equal(hal_status()->num_cores, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entries_and_interrupt, card_start),
		cmocka_unit_test_setup(overflow_keeps_the_latest, card_start),
		cmocka_unit_test_setup(link_changes, card_start),
		cmocka_unit_test_setup(heartbeat_grows, card_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
