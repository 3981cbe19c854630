# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated hardware: QEMU with the card in it, the emulated server, and the model's own test.

MODEL_SRC := $(wildcard sim/qemu/hw/net/xvio/*) $(wildcard include/xvio/*.h)
MODEL_TEST_SRC := $(wildcard tests/model/*.c)
MODEL_TEST := $(B)/model/model_test
SIM_CFLAGS := -std=c11 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow

# xvio-vhost: the firmware's data path behind libvhost-user, which is compiled from the QEMU sources
# in the cache. build/vhost/ is the one to use, build/vhost-san/ runs under sanitizers.
VHOST_SRC := $(sort $(wildcard sim/vhost_user/*.c))
VHOST_LIB := $(B)/qemu/src/subprojects/libvhost-user
VHOST_CPPFLAGS = -Isim/vhost_user -Ifirmware -Ifirmware/hal/vhost/include -Iinclude -isystem $(VHOST_LIB) -D_GNU_SOURCE -MMD -MP \
	-DXVIO_VHOST_VERSION='"$(VERSION)"'
VHOST_CFLAGS := -std=gnu11 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
VHOST_SAN_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

.PHONY: sim run shell setup model-check xvio-vhost

setup: ## install what is missing, download the parts (root, Debian 12)
	sim/server/setup

sim: $(B)/qemu/.built $(B)/server/.built $(B)/tools/card-dump xvio-vhost ## build the emulated card and server

$(B)/qemu/.built: sim/qemu/attach $(MODEL_SRC)
	sim/qemu/attach
	@touch $@

$(B)/server/.built: $(wildcard sim/server/*)
	sim/server/build-rootfs
	sim/server/build-clients
	@touch $@

xvio-vhost: $(B)/vhost/xvio-vhost $(B)/vhost-san/xvio-vhost ## build the vhost-user back-end

# The sources are there once QEMU has been fetched, built or not.
$(VHOST_LIB)/libvhost-user.c:
	@mkdir -p $(B)/qemu
	ln -sfn "$$(sim/qemu/attach --source-dir)" $(B)/qemu/src

$(B)/vhost/libvhost-user.o: $(VHOST_LIB)/libvhost-user.c
	@mkdir -p $(@D)
	gcc -std=gnu11 -O2 -g -w -D_GNU_SOURCE -I$(VHOST_LIB) -c -o $@ $<

$(B)/vhost-san/libvhost-user.o: $(VHOST_LIB)/libvhost-user.c
	@mkdir -p $(@D)
	gcc -std=gnu11 $(VHOST_SAN_CFLAGS) -g -w -D_GNU_SOURCE -I$(VHOST_LIB) -c -o $@ $<

$(B)/vhost/obj/sim/%.o: sim/vhost_user/%.c $(B)/rv64/version | $(VHOST_LIB)/libvhost-user.c
	@mkdir -p $(@D)
	gcc $(VHOST_CPPFLAGS) $(VHOST_CFLAGS) -O2 -c -o $@ $<

$(B)/vhost-san/obj/sim/%.o: sim/vhost_user/%.c $(B)/rv64/version | $(VHOST_LIB)/libvhost-user.c
	@mkdir -p $(@D)
	gcc $(VHOST_CPPFLAGS) $(VHOST_CFLAGS) $(VHOST_SAN_CFLAGS) -c -o $@ $<

$(B)/vhost/xvio-vhost: $(VHOST_SRC:sim/vhost_user/%.c=$(B)/vhost/obj/sim/%.o) $(B)/vhost/libvhost-user.o $(B)/vhost/libxvio.a
	gcc -o $@ $^ -pthread -ljansson

$(B)/vhost-san/xvio-vhost: $(VHOST_SRC:sim/vhost_user/%.c=$(B)/vhost-san/obj/sim/%.o) $(B)/vhost-san/libvhost-user.o $(B)/vhost-san/libxvio.a
	gcc $(VHOST_SAN_CFLAGS) -o $@ $^ -pthread -ljansson

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

-include $(wildcard $(B)/vhost/obj/sim/*.d $(B)/vhost-san/obj/sim/*.d)
