# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
# xvio: everything is started from here. `make help` lists the targets; what a part builds stands in
# its own build.mk. All output goes below build/, downloads and QEMU into a cache outside the tree.

.DEFAULT_GOAL := all
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifneq ($(V),1)
MAKEFLAGS += --silent # V=1 shows the commands
endif
SHELL := /bin/bash
B := build

include firmware/build.mk
include hostdrv/build.mk
include sim/build.mk
include tests/build.mk

.PHONY: help all run shell test clean setup

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 16

all: firmware hostdrv sim ## build everything: firmware, driver, tools, emulated card

test: ## make check, model-check, rule-million and system: all that CI runs
	$(MAKE) check
	$(MAKE) all model-check rule-million
	$(MAKE) system

clean: ## remove build/; the cache of downloads and QEMU stays
	rm -rf $(B)
