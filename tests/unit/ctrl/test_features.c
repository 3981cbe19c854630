/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* ctrl/net_features: what is offered has what it needs (virtio 1.2, 2.2.2); so has what can be accepted. */
#include "card.h"
#include "ctrl/net_features.h"

static void offers_are_whole(void **state)
{
	(void)state;
	assert_int_equal(net_features_whole(net_features_all()), net_features_all());
	assert_int_equal(net_features_whole(net_features_vdpa()), net_features_vdpa());
	assert_int_equal(net_features_all() & NET_FEATURES_MUST, NET_FEATURES_MUST);
	assert_int_equal(net_features_vdpa() & ~net_features_all(), 0);
	assert_int_equal(net_features_whole(net_features_vf()), net_features_vf());
	assert_int_equal(net_features_all() & ~(net_features_vdpa() | net_features_vf()),
			 VIRTIO_BIT(VIRTIO_NET_F_STANDBY));
}

/* What QEMU 10.0 takes in its shadow virtqueues, as its sources have it: a device that moves offers no more. */
static void offers_that_move(void **state)
{
	static const uint8_t known[] = {0,  1,	2,  3,	5,  7,	8,  9,	10, 11, 12,
					13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 26,
					27, 29, 32, 33, 57, 60, 61, 62, 63};
	uint64_t features = net_features_vdpa();

	(void)state;
	for (unsigned i = 0; i < sizeof(known); i++)
		features &= ~VIRTIO_BIT(known[i]);
	assert_int_equal(features, 0);
}

/* Whatever is taken away, what is left needs nothing more; and taking away changes nothing else. */
static void any_subset(void **state)
{
	const uint64_t all = net_features_all();
	uint64_t random = 88172645463325252u;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t some, whole;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		some = random & all;
		whole = net_features_whole(some);
		assert_int_equal(whole & ~some, 0);
		assert_int_equal(net_features_whole(whole), whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers_are_whole),
		cmocka_unit_test(offers_that_move),
		cmocka_unit_test(any_subset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
