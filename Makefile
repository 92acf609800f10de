# SPDX-License-Identifier: Apache-2.0
# The verbs of this tree. The build itself is CMakeLists.txt; what must be installed is tools/deps.sh.
#   JOBS=N  parallel compilers and tests    ARGS=...  more arguments for `tocsin demo`, a bench
#   T=fz_dc09 S=60  target and seconds of `make fuzz`    B=bench_intake  one program of `make bench`
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.PHONY: help run test build console check fuzz-build fuzz asan tsan analyzer clang bench fmt docs install clean

JOBS ?= $(shell nproc)
S ?= 60
T ?= $(notdir $(basename $(wildcard fuzz/fz_*.c)))
B ?= bench_intake bench_capture bench_retrieval
ARGS ?=
PREFIX ?= /usr/local
CTEST := ctest --output-on-failure --no-label-summary -j$(JOBS)
LAUNCHER := $(if $(shell command -v ccache),-DCMAKE_C_COMPILER_LAUNCHER=ccache)

# $(call tree,DIR,CMAKE OPTIONS): configures DIR once; ninja itself notices later changes
tree = [ -f $(1)/build.ninja ] || cmake -S . -B $(1) -G Ninja $(LAUNCHER) $(2)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is needed, build, and run a complete simulated site: open the address it prints
	@tools/deps.sh run
	@tools/console-build.sh
	@$(call tree,build)
	@ninja -C build -j$(JOBS) --quiet tocsin
	@exec build/tocsin demo $(ARGS)

test: ## install what is needed, build, and run every test
	@tools/deps.sh test
	@[ ! -f build/build.ninja ] || cmake build >/dev/null # what was not installed before may be now
	@$(MAKE) check

build: console ## the program and its tests, in build/
	@$(call tree,build)
	@ninja -C build -j$(JOBS)

console: ## the browser console, in console/dist
	@tools/console-build.sh

check: build fuzz-build ## every test, without installing anything
	@$(CTEST) --test-dir build

fuzz-build: ## the fuzz targets, in build-fuzz/ (clang)
	@$(call tree,build-fuzz,-DTC_FLAVOUR=fuzz -DCMAKE_C_COMPILER=clang)
	@ninja -C build-fuzz -j$(JOBS)

fuzz: fuzz-build ## every fuzz target for S=60 seconds, or T=fz_dc09 alone
	@set -e; for target in $(T); do echo "== $$target, $(S) s"; tools/fuzz.sh build-fuzz $$target $(S); done

asan: ## the tests under the address and undefined-behaviour sanitizers
	@$(call tree,build-asan,-DTC_FLAVOUR=asan -DTC_CONSOLE=OFF)
	@ninja -C build-asan -j$(JOBS)
	@$(CTEST) --test-dir build-asan

tsan: ## the tests under the thread sanitizer
	@$(call tree,build-tsan,-DTC_FLAVOUR=tsan -DTC_CONSOLE=OFF)
	@ninja -C build-tsan -j$(JOBS)
	@$(CTEST) --test-dir build-tsan

analyzer: ## the program built under gcc's -fanalyzer
	@$(call tree,build-analyzer,-DTC_FLAVOUR=analyzer -DTC_CONSOLE=OFF)
	@ninja -C build-analyzer -j$(JOBS) tocsin

clang: ## a build by clang with the same warnings
	@$(call tree,build-clang,-DCMAKE_C_COMPILER=clang -DTC_CONSOLE=OFF)
	@ninja -C build-clang -j$(JOBS)

bench: ## the tables of speed, minutes; B=bench_intake for one, ARGS=--strict
	@tools/deps.sh bench
	@$(MAKE) build
	@set -e; for bench in $(B); do echo "== $$bench"; build/$$bench $(ARGS); done

fmt: ## clang-format over the C sources
	@clang-format -i $$(git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]')

install: ## into PREFIX=/usr/local (DESTDIR is honoured): program, unit file, documents
	@[ -x build/tocsin ] || { echo "make install: nothing built yet: make build first" >&2; exit 1; }
	@cmake --install build --prefix $(PREFIX)

clean: ## everything that was built here
	rm -rf build build-fuzz build-asan build-tsan build-analyzer build-clang console/dist console/node_modules .tools
