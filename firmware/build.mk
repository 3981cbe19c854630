# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
# The firmware: boot ROM and image for rv64, and the same library as a native process with sanitizers.
# One library (path, ctrl, boot, lib) per flavour; the HAL is linked to it. Standalone: `make firmware`.

VERSION ?= 0.1.0+g$(shell git describe --always --dirty --abbrev=8 --exclude='*' 2>/dev/null || echo unknown)

FW_LIB_SOURCES := $(sort $(filter-out firmware/boot/mkimage.c,\
	$(wildcard firmware/path/*.c firmware/ctrl/*.c firmware/boot/*.c firmware/lib/*.c)))
FW_LINK_SOURCES := $(sort $(wildcard firmware/hal/link/*.c))
FW_RV64_SOURCES := $(sort $(wildcard firmware/hal/rv64/*.c firmware/hal/rv64/*.S))
FW_POSIX_SOURCES := $(sort $(wildcard firmware/hal/posix/*.c))

FW_CPPFLAGS := -Ifirmware -Iinclude -MMD -MP
FW_CFLAGS := -std=c11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wundef \
	-Wvla -g -fno-common

FW_CROSS ?= riscv64-unknown-elf-
# (There are no vectors: two stores made one would only cost shifts.)
FW_RV64_CFLAGS := $(FW_CFLAGS) -O2 -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany \
	-mstrict-align -fno-tree-slp-vectorize -ffreestanding -fbuiltin -fno-tree-loop-distribute-patterns \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
FW_RV64_CPPFLAGS := $(FW_CPPFLAGS) -Ifirmware/hal/rv64/include -Ifirmware/hal/link/include
FW_RV64_LDFLAGS := -nostdlib -static -mabi=lp64 -march=rv64imac_zicsr_zifencei -mcmodel=medany \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings
# The compiler's runtime; asked for by the plain architecture, whose name its multilibs know.
FW_RV64_LIBGCC = $(shell $(FW_CROSS)gcc -march=rv64imac -mabi=lp64 -print-libgcc-file-name)

FW_NATIVE_CFLAGS := $(FW_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
FW_NATIVE_CPPFLAGS := $(FW_CPPFLAGS) -Ifirmware/hal/link/include -D_GNU_SOURCE

# The data path alone, as fast as the compiler makes it, for xvio-vhost (sim/build.mk); and the same
# under sanitizers, for its tests. Frames are copied by 32 bytes.
FW_VHOST_ARCH ?= x86-64-v3
FW_VHOST_CFLAGS ?= -O3 -march=$(FW_VHOST_ARCH) -mmove-max=256 -mstore-max=256
# Inlined as far as here, gcc sees uses without seeing what goes before them; it asks elsewhere.
FW_VHOST_WARN := -Wno-maybe-uninitialized
FW_VHOST_SOURCES := $(sort $(wildcard firmware/path/*.c firmware/lib/*.c firmware/hal/vhost/*.c \
	firmware/hal/none/*.c))
FW_VHOST_CPPFLAGS := $(FW_CPPFLAGS) -Ifirmware/hal/vhost/include -D_GNU_SOURCE

fw_objects = $(patsubst firmware/%,$(B)/$(1)/obj/%.o,$(2))

FW_RV64_LIB_OBJECTS := $(call fw_objects,rv64,$(FW_LIB_SOURCES))
FW_NATIVE_LIB_OBJECTS := $(call fw_objects,native,$(FW_LIB_SOURCES))
FW_RV64_HAL_OBJECTS := $(call fw_objects,rv64,$(FW_LINK_SOURCES) $(FW_RV64_SOURCES))
FW_POSIX_HAL_OBJECTS := $(call fw_objects,native,$(FW_LINK_SOURCES) $(FW_POSIX_SOURCES))

# What only the ROM or only the image has.
FW_ROM_ONLY := $(B)/rv64/obj/hal/rv64/rom.c.o $(B)/rv64/obj/hal/rv64/rom_start.S.o
FW_IMAGE_ONLY := $(B)/rv64/obj/hal/rv64/start.S.o $(B)/rv64/obj/hal/rv64/entry.c.o
FW_ROM_OBJECTS := $(filter-out $(FW_IMAGE_ONLY),$(FW_RV64_HAL_OBJECTS))
FW_IMAGE_OBJECTS := $(filter-out $(FW_ROM_ONLY),$(FW_RV64_HAL_OBJECTS)) $(B)/rv64/obj/main.c.o

.PHONY: firmware fw-symbols-check soc-smoke
firmware: $(B)/rv64/rom.bin $(B)/rv64/xvio-fw.img $(B)/native/libxvio.a $(B)/native/xvio-soc ## boot ROM, firmware image, native SoC

$(B)/rv64/obj/%.c.o: firmware/%.c
	@mkdir -p $(@D)
	$(FW_CROSS)gcc $(FW_RV64_CPPFLAGS) $(FW_RV64_CFLAGS) -c -o $@ $<

$(B)/rv64/obj/%.S.o: firmware/%.S
	@mkdir -p $(@D)
	$(FW_CROSS)gcc $(FW_RV64_CPPFLAGS) $(FW_RV64_CFLAGS) -c -o $@ $<

$(B)/native/obj/%.c.o: firmware/%.c
	@mkdir -p $(@D)
	gcc $(FW_NATIVE_CPPFLAGS) $(FW_NATIVE_CFLAGS) -c -o $@ $<

$(B)/vhost/obj/%.c.o: firmware/%.c
	@mkdir -p $(@D)
	gcc $(FW_VHOST_CPPFLAGS) $(FW_CFLAGS) $(FW_VHOST_WARN) $(FW_VHOST_CFLAGS) -c -o $@ $<

$(B)/vhost-san/obj/%.c.o: firmware/%.c
	@mkdir -p $(@D)
	gcc $(FW_VHOST_CPPFLAGS) $(FW_NATIVE_CFLAGS) -c -o $@ $<

$(B)/vhost/libxvio.a: $(call fw_objects,vhost,$(FW_VHOST_SOURCES))
	rm -f $@ && ar rcs $@ $^

$(B)/vhost-san/libxvio.a: $(call fw_objects,vhost-san,$(FW_VHOST_SOURCES))
	rm -f $@ && ar rcs $@ $^

$(B)/rv64/libxvio.a: $(FW_RV64_LIB_OBJECTS)
	rm -f $@ && $(FW_CROSS)ar rcs $@ $^

$(B)/native/libxvio.a: $(FW_NATIVE_LIB_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(B)/rv64/rom.elf: $(FW_ROM_OBJECTS) $(B)/rv64/libxvio.a firmware/hal/rv64/rom.ld
	$(FW_CROSS)gcc $(FW_RV64_LDFLAGS) -T firmware/hal/rv64/rom.ld -o $@ $(FW_ROM_OBJECTS) $(B)/rv64/libxvio.a $(FW_RV64_LIBGCC)

# pflash wants a file of its own size: 32 MiB.
$(B)/rv64/rom.bin: $(B)/rv64/rom.elf
	$(FW_CROSS)objcopy -O binary $< $@.tmp
	truncate -s 32M $@.tmp
	mv $@.tmp $@

$(B)/rv64/xvio-fw.elf: $(FW_IMAGE_OBJECTS) $(B)/rv64/libxvio.a firmware/hal/rv64/image.ld
	$(FW_CROSS)gcc $(FW_RV64_LDFLAGS) -T firmware/hal/rv64/image.ld -o $@ $(FW_IMAGE_OBJECTS) $(B)/rv64/libxvio.a $(FW_RV64_LIBGCC)

$(B)/rv64/xvio-fw.flat: $(B)/rv64/xvio-fw.elf
	$(FW_CROSS)objcopy -O binary $< $@

# The version changes with the commit, not with a file: image anew whenever it does.
$(B)/rv64/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

$(B)/rv64/xvio-fw.img: $(B)/rv64/xvio-fw.flat $(B)/native/mkimage $(B)/rv64/version
	$(B)/native/mkimage '$(VERSION)' $< $@

$(B)/native/mkimage: $(B)/native/obj/boot/mkimage.c.o $(B)/native/obj/boot/image.c.o $(B)/native/obj/lib/crc32.c.o
	gcc $(FW_NATIVE_CFLAGS) -o $@ $^

$(B)/native/xvio-soc: $(FW_POSIX_HAL_OBJECTS) $(B)/native/obj/main.c.o $(B)/native/libxvio.a
	gcc $(FW_NATIVE_CFLAGS) -o $@ $^ -pthread

# The library leaves to a platform only what hal.h promises, and the four memory functions. What the
# members ask of one another, and of the compiler's own runtime (count of zero bits), is resolved by
# linking them into one object first.
fw-symbols-check: $(B)/rv64/libxvio.a ## the firmware library needs only hal_* and mem*
	@$(FW_CROSS)gcc $(FW_RV64_LDFLAGS) -Wl,--no-gc-sections -r -o $(B)/rv64/libxvio.o \
		-Wl,--whole-archive $< -Wl,--no-whole-archive $(FW_RV64_LIBGCC)
	@bad=$$($(FW_CROSS)nm -u $(B)/rv64/libxvio.o | awk '$$2 !~ /^(hal_[a-z0-9_]+|mem(cpy|set|move|cmp))$$/ { print $$2 }'); \
	if [ -n "$$bad" ]; then echo "libxvio.a needs: $$bad"; exit 1; fi; \
	echo "symbols: libxvio.a needs hal_* and mem* only"

soc-smoke: firmware ## boot the SoC, rv64 and native, against hardware played by a script
	tests/tools/soc-smoke rv64
	tests/tools/soc-smoke native

.PHONY: FORCE
FORCE:

-include $(wildcard $(B)/rv64/obj/*/*.d $(B)/rv64/obj/*/*/*.d $(B)/rv64/obj/*.d)
-include $(wildcard $(B)/native/obj/*/*.d $(B)/native/obj/*/*/*.d $(B)/native/obj/*.d)
-include $(wildcard $(B)/vhost/obj/*/*.d $(B)/vhost/obj/*/*/*.d $(B)/vhost-san/obj/*/*.d $(B)/vhost-san/obj/*/*/*.d)
