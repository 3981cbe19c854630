# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated hardware: QEMU with the card in it, the emulated server, and the model's own test.

MODEL_SRC := $(wildcard sim/qemu/hw/net/xvio/*) $(wildcard include/xvio/*.h)
MODEL_TEST_SRC := $(wildcard tests/model/*.c)
MODEL_TEST := $(B)/model/model_test
SIM_CFLAGS := -std=c11 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow

.PHONY: sim run shell setup model-check

setup: ## install what is missing, download the parts (root, Debian 12)
	sim/server/setup

sim: $(B)/qemu/.built $(B)/server/.built $(B)/tools/card-dump ## build the emulated card and server

$(B)/qemu/.built: sim/qemu/attach $(MODEL_SRC)
	sim/qemu/attach
	@touch $@

$(B)/server/.built: $(wildcard sim/server/*)
	sim/server/build-rootfs
	@touch $@

run: ## the demonstration: set up, build, boot the server, two guests, rules on the card
	@sim/run/run

shell: setup ## boot the same server and give its console
	@$(MAKE) all
	@sim/run/shell

$(MODEL_TEST): $(MODEL_TEST_SRC) $(wildcard tests/model/*.h) $(wildcard include/xvio/*.h)
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -Iinclude -o $@ $(MODEL_TEST_SRC)

$(B)/tools/card-dump: tests/tools/card_dump.c $(wildcard include/xvio/*.h)
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -Iinclude -o $@ $<

model-check: $(B)/qemu/.built $(MODEL_TEST) ## test the device model, alone and with the SoC where that is built
	XVIO_QEMU=$(B)/qemu/qemu-system-x86_64 $(MODEL_TEST) $(T)
