# SPDX-License-Identifier: GPL-2.0
# hostdrv: the kernel module for the server's kernel ($(B)/kernel, see sim/build.mk) and xvio-flash.
# The module is built in $(B)/hostdrv from links to the sources, so that the tree stays clean.

HOSTDRV_SRC := $(wildcard hostdrv/*.c hostdrv/*.h) hostdrv/Kbuild
HOSTDRV_LINKS := $(HOSTDRV_SRC:hostdrv/%=$(B)/hostdrv/%)

FLASH_SRC := $(wildcard hostdrv/flash/*.c)
FLASH_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wmissing-prototypes \
		-Wstrict-prototypes -Wshadow -Iinclude -Ihostdrv/flash

.PHONY: hostdrv
hostdrv: $(B)/hostdrv/xvio.ko $(B)/hostdrv/xvio-flash ## the server's driver and xvio-flash

$(B)/hostdrv/%: hostdrv/% | $(B)/hostdrv/
	ln -sfn $(CURDIR)/$< $@

$(B)/hostdrv/:
	mkdir -p $@

$(B)/hostdrv/xvio.ko: $(HOSTDRV_LINKS) $(wildcard include/xvio/*.h) | $(B)/kernel/Makefile
	$(MAKE) -C $(B)/kernel M=$(CURDIR)/$(B)/hostdrv XVIO_INCLUDE=$(CURDIR)/include W=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules

$(B)/hostdrv/xvio-flash: $(FLASH_SRC) $(wildcard hostdrv/flash/*.h include/xvio/*.h) \
		| $(B)/hostdrv/
	$(CC) $(FLASH_CFLAGS) -o $@ $(FLASH_SRC) -lpci
