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
# The packet path as it is where host memory is mapped (hal.h): the same tests, on objects of its own.
CM := $(C)/mapped
CHECK_MAPPED_LIB_SOURCES := $(sort $(wildcard firmware/path/*.c firmware/lib/*.c \
	firmware/hal/fake/*.c tests/unit/common/*.c))
CHECK_MAPPED_TESTS := virtq hostile indirect vnet notify long race worker tso offload wishes steering coalesce meter policy edit \
	switch_random
CHECK_MAPPED_UNITS := $(patsubst %,$(CM)/unit/path/test_%,$(CHECK_MAPPED_TESTS))
CHECK_MAPPED_REPLAYS := $(CM)/replay/virtq
# The same on xvio-vhost's HAL, with its threads, under ThreadSanitizer.
CT := $(C)/tsan
CHECK_TSAN_SOURCES := $(FW_VHOST_SOURCES) $(sort $(wildcard tests/tsan/*.c)) tests/bench/path_ring.c \
	tests/unit/common/check.c
CHECK_TSAN_UNITS := $(CT)/test_threads
CHECK_GATES := abi-check layer-check format-check fw-symbols-check count-check

CHECK_CPPFLAGS := -D_GNU_SOURCE -Ifirmware -Ifirmware/hal/fake/include -Iinclude -Itests/unit -Itests/fuzz -MMD -MP
CHECK_CFLAGS := -std=c11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow \
	-Wundef -Wvla -g -O1 -fno-omit-frame-pointer
CHECK_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined

.PHONY: check check-build fuzz system count-build count-baseline count-report \
	path-bench path-baseline path-report \
	$(CHECK_GATES)

check: firmware check-build count-build ## units, fuzz corpora, gates: no root, no network
	@tests/unit/run $(addprefix unit:,$(CHECK_UNITS) $(CHECK_MAPPED_UNITS) $(CHECK_TSAN_UNITS)) \
		$(addprefix corpus:,$(CHECK_REPLAYS) $(CHECK_MAPPED_REPLAYS)) \
		$(addprefix gate:,$(CHECK_GATES))

check-build: $(CHECK_UNITS) $(CHECK_REPLAYS) $(CHECK_MAPPED_UNITS) $(CHECK_MAPPED_REPLAYS) $(CHECK_TSAN_UNITS)

$(C)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc $(CHECK_CPPFLAGS) $(CHECK_CFLAGS) $(CHECK_SANITIZE) -c -o $@ $<

$(C)/libcheck.a: $(CHECK_LIB_SOURCES:%.c=$(C)/obj/%.o)
	@rm -f $@
	ar rcs $@ $^

$(C)/unit/%: $(C)/obj/tests/unit/%.o $(C)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(CHECK_LIBS)

# xvio-flash, all but its way to real cards and its command line, on a card of the test's own.
CHECK_FLASH := $(filter-out %/io_pci.c %/xvio_flash.c,$(wildcard hostdrv/flash/*.c))
$(C)/unit/flash/test_flash: CHECK_CPPFLAGS += -Ihostdrv/flash
$(C)/unit/flash/test_flash: $(CHECK_FLASH:%.c=$(C)/obj/%.o)

# xvio-vhost's words and commands, on the fake HAL; its sockets and libvhost-user are stubs.
CHECK_VHOST := $(addprefix $(C)/obj/sim/vhost_user/,words.o flower.o rules.o handles.o vport.o command.o workers.o control.o loop.o) \
	$(C)/obj/tests/unit/vhost/stub.o
CHECK_VHOST_UNITS := $(filter $(C)/unit/vhost/%,$(CHECK_UNITS))
$(CHECK_VHOST_UNITS): CHECK_CPPFLAGS += -Isim/vhost_user
$(CHECK_VHOST_UNITS): CHECK_LIBS := -ljansson
$(CHECK_VHOST_UNITS): $(CHECK_VHOST)

# The device fuzzer's parts.
CHECK_FUZZ_DEVICE := $(sort $(wildcard tests/fuzz/device/*.c))
$(C)/replay/device: $(CHECK_FUZZ_DEVICE:%.c=$(C)/obj/%.o)

$(C)/replay/%: $(C)/obj/tests/fuzz/fuzz_%.o $(C)/obj/tests/fuzz/replay.o $(C)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka

$(CM)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc -Ifirmware/hal/fake/mapped $(CHECK_CPPFLAGS) $(CHECK_CFLAGS) $(CHECK_SANITIZE) -c -o $@ $<

$(CM)/libcheck.a: $(CHECK_MAPPED_LIB_SOURCES:%.c=$(CM)/obj/%.o)
	@rm -f $@
	ar rcs $@ $^

$(CM)/unit/%: $(CM)/obj/tests/unit/%.o $(CM)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $^ -lcmocka -pthread

$(CM)/replay/%: $(CM)/obj/tests/fuzz/fuzz_%.o $(CM)/obj/tests/fuzz/replay.o $(CM)/libcheck.a
	@mkdir -p $(@D)
	gcc $(CHECK_SANITIZE) -o $@ $^ -lcmocka

# The switch against its model for as long as wanted, optimised, without sanitizers: N packets from SEED on.
CS := $(B)/switch-model
N ?= 1000000
SEED ?= 1
.PHONY: switch-model
switch-model: $(CS)/test_switch_random ## random rules and packets against the model: N=1000000 SEED=1
	SWITCH_CASES=$(N) SWITCH_SEED=$(SEED) $<

$(CS)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc $(CHECK_CPPFLAGS) $(CHECK_CFLAGS) -O2 -c -o $@ $<

$(CS)/libcheck.a: $(CHECK_MAPPED_LIB_SOURCES:%.c=$(CS)/obj/%.o)
	@rm -f $@
	ar rcs $@ $^

$(CS)/test_switch_random: $(CS)/obj/tests/unit/path/test_switch_random.o $(CS)/libcheck.a
	gcc -o $@ $^ -lcmocka

-include $(shell find $(B)/switch-model -name '*.d' 2>/dev/null)

# Fences are between the path and guests, which are not looked at, or beside an acquire and a release.
CHECK_TSAN := -fsanitize=thread --param tsan-distinguish-volatile=1 -Wno-tsan

$(CT)/obj/%.o: %.c
	@mkdir -p $(@D)
	gcc -Ifirmware/hal/vhost/include -Itests $(CHECK_CPPFLAGS) $(CHECK_CFLAGS) $(CHECK_TSAN) -c -o $@ $<

$(CT)/test_threads: $(CHECK_TSAN_SOURCES:%.c=$(CT)/obj/%.o)
	gcc $(CHECK_TSAN) -o $@ $^ -lcmocka -pthread

.PRECIOUS: $(C)/obj/%.o $(CM)/obj/%.o $(CS)/obj/%.o

abi-check: ## the ABI as rv64, native and kernel compilers see it
	@tests/abi/check

layer-check: ## who may include whom
	@tests/tools/check-layers

format-check: ## clang-format and licence lines
	@tests/tools/check-format

# The path's own benchmark (tests/bench/path_*): on rv64 it counts instructions, natively cycles.
PB := $(B)/bench
PATH_SOURCES := $(patsubst %,tests/bench/path_%.c,case hal ring rules)
COUNT_OBJECTS := $(patsubst %,$(PB)/rv64/%.o,$(PATH_SOURCES) tests/bench/count_main.c tests/bench/count_start.S)
# Natively the library is xvio-vhost's; of the HALs in it only hal/none is used.
PATH_LIB := $(B)/vhost/libxvio.a
PATH_NATIVE_CFLAGS := $(FW_CFLAGS) $(FW_VHOST_WARN) $(FW_VHOST_CFLAGS)
PATH_CPPFLAGS := $(FW_VHOST_CPPFLAGS) -Itests

count-build: $(PB)/count.elf $(PB)/count_plugin.so

count-check: count-build ## instructions per packet on rv64, against the baseline
	@tests/bench/count check

count-baseline: count-build ## write tests/bench/instructions.baseline anew
	tests/bench/count update

count-report: count-build ## instructions per packet on rv64, by function and file
	@tests/bench/count report

path-bench: $(PB)/path-bench ## cycles per packet of the path alone, guests on the same core
	@tests/bench/path csv

path-baseline: $(PB)/path-bench ## write tests/bench/cycles.baseline anew
	tests/bench/path update

# callgrind's instructions say where the cycles may be; it repeats exactly.
path-report: $(PB)/path-bench ## instructions of the path alone natively, by function (valgrind)
	@valgrind -q --tool=callgrind --callgrind-out-file=$(PB)/callgrind.out --toggle-collect=worker_poll \
		$< 1 >$(PB)/callgrind.log 2>&1 || { cat $(PB)/callgrind.log; exit 1; }
	@callgrind_annotate --auto=no $(PB)/callgrind.out | sed -n '/^Ir/,$$p'

# What the image brings itself calls memory functions of its own, which are not counted.
COUNT_OWN_MEM := --redefine-sym memcpy=own_memcpy --redefine-sym memset=own_memset \
	--redefine-sym memmove=own_memmove --redefine-sym memcmp=own_memcmp

$(PB)/rv64/%.o: %
	@mkdir -p $(@D)
	$(FW_CROSS)gcc $(FW_RV64_CPPFLAGS) -Itests $(FW_RV64_CFLAGS) -c -o $@ $<
	$(FW_CROSS)objcopy $(COUNT_OWN_MEM) $@

$(PB)/rv64/own_mem.o: $(B)/rv64/obj/hal/rv64/mem.c.o
	@mkdir -p $(@D)
	$(FW_CROSS)objcopy $(COUNT_OWN_MEM) $< $@

# The library and the memory functions are the very objects of the card's image.
COUNT_PARTS := $(COUNT_OBJECTS) $(PB)/rv64/own_mem.o $(B)/rv64/obj/hal/none/none.c.o \
	$(B)/rv64/obj/hal/rv64/mem.c.o $(B)/rv64/libxvio.a
$(PB)/count.elf: $(COUNT_PARTS) tests/bench/count.ld
	$(FW_CROSS)gcc $(FW_RV64_LDFLAGS) -T tests/bench/count.ld -o $@ $(COUNT_PARTS) $(FW_RV64_LIBGCC)

$(PB)/count_plugin.so: tests/bench/count_plugin.c tests/bench/count_plugin_api.h
	@mkdir -p $(@D)
	gcc -std=c11 -O2 -Wall -Wextra -Werror -Itests -fPIC -shared -o $@ $<

$(PB)/native/%.o: %
	@mkdir -p $(@D)
	gcc $(PATH_CPPFLAGS) $(PATH_NATIVE_CFLAGS) -c -o $@ $<

# A yardstick of scalar instructions, which feels the neighbours as the path does.
$(PB)/native/tests/bench/path_yardstick.c.o: PATH_NATIVE_CFLAGS += -fno-tree-vectorize -funroll-loops

$(PB)/path-bench: $(patsubst %,$(PB)/native/%.o,$(PATH_SOURCES) tests/bench/path_bench.c tests/bench/path_yardstick.c) $(PATH_LIB)
	gcc -O3 -o $@ $^

-include $(shell find $(B)/bench -name '*.d' 2>/dev/null)

# libFuzzer: F=device|virtq|parse|mailbox|flow for SECONDS; what it finds new goes to build/check/fuzz/.
# The device fuzzer has parts of its own, one of them in lib/heap.c's place; of it only what the card runs is
# looked at for coverage, or it would be slow.
SECONDS ?= 60
FUZZ_SOURCES = tests/fuzz/fuzz_$(F).c $(CHECK_LIB_SOURCES)
FUZZ_FLAGS = -fsanitize=fuzzer
FUZZ_RUN = -max_total_time=$(SECONDS) -max_len=1024
fuzz: ## fuzz one harness: F=name SECONDS=60
	@mkdir -p $(C)/fuzz/$(F)
	clang $(filter-out -MMD -MP,$(CHECK_CPPFLAGS)) $(CHECK_CFLAGS) $(CHECK_SANITIZE) \
		$(FUZZ_FLAGS) -o $(C)/fuzz/fuzz_$(F) $(FUZZ_SOURCES) -lcmocka
	$(C)/fuzz/fuzz_$(F) $(FUZZ_RUN) -timeout=10 -len_control=0 -artifact_prefix=$(C)/fuzz/$(F)- \
		$(C)/fuzz/$(F) tests/fuzz/corpus/$(F)

ifeq ($(F),device)
FUZZ_SOURCES = tests/fuzz/fuzz_device.c $(CHECK_FUZZ_DEVICE) $(filter-out firmware/lib/heap.c,$(CHECK_LIB_SOURCES))
FUZZ_FLAGS = -O2 -fsanitize=fuzzer -fno-sanitize-coverage=trace-cmp \
	-fsanitize-coverage-ignorelist=tests/fuzz/device/ignore
FUZZ_RUN = -max_total_time=$(SECONDS) -max_len=192 -entropic=0
endif

# What rules cost, natively and optimised; not part of check: it takes a minute and claims no figure.
RULE_RATE_SOURCES := tests/bench/bench_hal.c tests/bench/rule_rate.c
.PHONY: rule-rate
rule-rate: $(PB)/rule-rate ## cycles of a lookup, and rule changes per second
	$<

$(PB)/rule-rate: $(patsubst %,$(PB)/native/%.o,$(RULE_RATE_SOURCES)) $(PATH_LIB)
	gcc -O3 -o $@ $^ -pthread -lm

# A million rules (tests/scale/), as the card is natively: optimised, a worker in a thread of its own. Part of `make test`.
MILLION_SOURCES := tests/bench/bench_hal.c $(sort $(wildcard tests/scale/*.c))
.PHONY: rule-million
rule-million: $(PB)/rule-million ## a million rules: every frame judged, rates
	$<

$(PB)/rule-million: $(patsubst %,$(PB)/native/%.o,$(MILLION_SOURCES)) $(PATH_LIB)
	gcc -O3 -o $@ $^ -pthread -lm

# The bench (docs/performance.md): BENCH="--cases a,b --runs 9" and the like, tests/bench/bench --help.
# Cases g and h are programs of their own; the bench runs them and takes their rows.
BENCH_NEEDS := $(B)/vhost/xvio-vhost count-build $(PB)/path-bench

.PHONY: bench bench-sweep bench-setup
bench: $(BENCH_NEEDS) ## xvio-vhost beside OVS-DPDK, to build/bench/results.csv: BENCH="--cases a"
	@tests/bench/bench $(BENCH)

bench-sweep: $(BENCH_NEEDS) ## cycles against flows, rules and ports, as plots
	@tests/bench/sweep $(BENCH)

bench-setup: ## install the generator, the peer and the plotter (Debian 12, root)
	@tests/bench/setup

system: ## claims on the emulated server: T=name ... SOC=rv64|native
	@sim/run/system $(if $(SOC),--soc $(SOC)) $(T)

-include $(shell find $(C) -name '*.d' 2>/dev/null)
