# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
# Tests. `make check`: units under ASan and UBSan on the fake HAL, fuzz corpora, gates. `make system`:
# the emulated server. `make fuzz F=name`: one fuzzer for a while. Own objects below build/check/.

C := $(B)/check
CHECK_LIB_SOURCES := $(sort $(filter-out firmware/boot/mkimage.c,\
	$(wildcard firmware/path/*.c firmware/ctrl/*.c firmware/boot/*.c firmware/lib/*.c \
		firmware/hal/fake/*.c tests/unit/common/*.c)))
CHECK_UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
CHECK_FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))

CHECK_UNITS := $(CHECK_UNIT_SOURCES:tests/unit/%.c=$(C)/unit/%)
CHECK_REPLAYS := $(CHECK_FUZZ_SOURCES:tests/fuzz/fuzz_%.c=$(C)/replay/%)
CHECK_GATES := abi-check layer-check format-check fw-symbols-check

CHECK_CPPFLAGS := -D_GNU_SOURCE -Ifirmware -Iinclude -Itests/unit -Itests/fuzz -MMD -MP
CHECK_CFLAGS := -std=c11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow \
	-Wundef -Wvla -g -O1 -fno-omit-frame-pointer
CHECK_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined

.PHONY: check check-build fuzz system $(CHECK_GATES)

check: firmware check-build ## units, fuzz corpora, gates: no root, no network
	@tests/unit/run $(addprefix unit:,$(CHECK_UNITS)) $(addprefix corpus:,$(CHECK_REPLAYS)) \
		$(addprefix gate:,$(CHECK_GATES))

check-build: $(CHECK_UNITS) $(CHECK_REPLAYS)

$(C)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc $(CHECK_CPPFLAGS) $(CHECK_CFLAGS) $(CHECK_SANITIZE) -c -o $@ $<

$(C)/libcheck.a: $(CHECK_LIB_SOURCES:%.c=$(C)/obj/%.o)
	@rm -f $@
	ar rcs $@ $^

$(C)/unit/%: $(C)/obj/tests/unit/%.o $(C)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $^ -lcmocka

# xvio-flash, all but its way to real cards and its command line, on a card of the test's own.
CHECK_FLASH := $(filter-out %/io_pci.c %/xvio_flash.c,$(wildcard hostdrv/flash/*.c))
$(C)/unit/flash/test_flash: CHECK_CPPFLAGS += -Ihostdrv/flash
$(C)/unit/flash/test_flash: $(CHECK_FLASH:%.c=$(C)/obj/%.o)

$(C)/replay/%: $(C)/obj/tests/fuzz/fuzz_%.o $(C)/obj/tests/fuzz/replay.o $(C)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $^ -lcmocka

.PRECIOUS: $(C)/obj/%.o

abi-check: ## the ABI as rv64, native and kernel compilers see it
	@tests/abi/check

layer-check: ## who may include whom
	@tests/tools/check-layers

format-check: ## clang-format and licence lines
	@tests/tools/check-format

# libFuzzer: F=virtq|parse|mailbox|flow for SECONDS; what it finds new goes to build/check/fuzz/.
SECONDS ?= 60
fuzz: ## fuzz one harness: F=name SECONDS=60
	@mkdir -p $(C)/fuzz/$(F)
	clang $(filter-out -MMD -MP,$(CHECK_CPPFLAGS)) $(CHECK_CFLAGS) $(CHECK_SANITIZE) \
		-fsanitize=fuzzer -o $(C)/fuzz/fuzz_$(F) tests/fuzz/fuzz_$(F).c $(CHECK_LIB_SOURCES) -lcmocka
	$(C)/fuzz/fuzz_$(F) -max_total_time=$(SECONDS) -timeout=10 -len_control=0 -max_len=1024 -artifact_prefix=$(C)/fuzz/$(F)- \
		$(C)/fuzz/$(F) tests/fuzz/corpus/$(F)

# The bench (docs/performance.md): BENCH="--cases a,b --runs 9" and the like, tests/bench/bench --help.
# Cases g and h are programs of their own; the bench runs them and takes their rows.
BENCH_NEEDS := $(if $(wildcard sim/vhost_user/*.c),$(B)/vhost/xvio-vhost) \
	$(if $(wildcard tests/bench/count),count-build) \
	$(if $(wildcard tests/bench/path),$(B)/bench/path-bench)

.PHONY: bench bench-sweep bench-setup
bench: $(BENCH_NEEDS) ## xvio-vhost beside OVS-DPDK, to build/bench/results.csv: BENCH="--cases a"
	@tests/bench/bench $(BENCH)

bench-sweep: $(BENCH_NEEDS) ## cycles against flows, rules and ports, as plots
	@tests/bench/sweep $(BENCH)

bench-setup: ## install the generator, the peer and the plotter (Debian 12, root)
	@tests/bench/setup

system: ## claims on the emulated server: T=name ... SOC=rv64|native
	@sim/run/system $(if $(SOC),--soc $(SOC)) $(T)

-include $(shell find $(C)/obj -name '*.d' 2>/dev/null)
