# SPDX-License-Identifier: MIT
# Tests: units, specs, real servers, sanitizers, coverage, mutation.

# Makes the specs and Prosody find this build.
LUA_ENV = LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;;" LUA_PATH="$(CURDIR)/lua/?.lua;$(CURDIR)/?.lua;;"
BUSTED ?= busted
SPEC_ARGUMENTS = -o plainTerminal $(SPEC_FLAGS) --exclude-pattern=e2e $(or $(SPECS),$(wildcard spec/*_spec.lua))
# Each file runs in its own process, several at a time; the slowest ones should come first.
RUN_SPECS = $(LUA_ENV) PYTHON="$(PYTHON)" LUA="$(LUA)" BUSTED="$(BUSTED)" SPEC_FLAGS="$(SPEC_FLAGS)" scripts/specs

SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT := $(BUILD)/unit
UNIT_CFLAGS = $(ALL_CFLAGS) -U_FORTIFY_SOURCE -UNDEBUG $(UNIT_FLAGS)
UNIT_FLAGS ?= $(SANITIZERS)
UNIT_OBJECTS := $(CORE_SOURCES:src/%.c=$(UNIT)/%.o)
UNIT_PROGRAMS := $(UNIT_TESTS:test/%.c=$(UNIT)/%)

$(UNIT)/%.o: src/%.c $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(UNIT_CFLAGS) $(DEPENDENCIES) -c -o $@ $<

$(UNIT)/test_%: test/test_%.c $(wildcard test/*.h) $(UNIT_OBJECTS)
	$(CC) $(ALL_CPPFLAGS) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_OBJECTS) $(PKG_LIBS)

# Runs these programs, which may have arguments, as many at a time as there are cores; the output of each stays together.
SIDE_BY_SIDE = printf '%s\n' $(1) | xargs -P "$$(nproc)" -I '{}' sh -c 'log=$$(echo {} | tr " " _).log; $(UNIT_RUNNER) {} $(2) >$$log 2>&1; status=$$?; cat $$log; exit $$status'

## unit: C unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
.PHONY: unit
unit: $(UNIT_PROGRAMS)
	@$(call SIDE_BY_SIDE,$(UNIT_PROGRAMS))

# Each operation with its 1st, 2nd, 3rd ... allocation failing: only in our objects, in OpenSSL too, and in Lua.
OOM_WRAPPED := malloc calloc realloc strdup strndup free
OOM_LINK = $(UNIT_CFLAGS) $(LDFLAGS) $(OOM_WRAPPED:%=-Wl,--wrap=%)
LUA_LIBS = $(shell $(PKG_CONFIG) --libs lua$(LUA_VERSION)) -lm

$(UNIT)/oom: test/oom.c $(wildcard test/*.h) $(UNIT_OBJECTS)
	$(CC) $(ALL_CPPFLAGS) $(OOM_LINK) -o $@ $< $(UNIT_OBJECTS) $(PKG_LIBS)

$(UNIT)/oom_lua: test/oom_lua.c $(wildcard test/*.h) $(SOURCES:src/%.c=$(UNIT)/%.o)
	$(CC) $(ALL_CPPFLAGS) $(OOM_LINK) -o $@ $< $(SOURCES:src/%.c=$(UNIT)/%.o) $(PKG_LIBS) $(LUA_LIBS)

# OOM_FLAGS=all: each of the thousands of allocations for loading a key; minutes instead of seconds.
## oom: each operation with its 1st, 2nd, 3rd ... allocation failing (OOM_FLAGS=all)
.PHONY: oom
oom: $(UNIT)/oom $(UNIT)/oom_lua
	@$(call SIDE_BY_SIDE,"$(UNIT)/oom signatures" "$(UNIT)/oom keys texts stores" $(UNIT)/oom_lua,$(OOM_FLAGS))

## spec: busted specs of the module and the Lua code (SPECS=spec/x_spec.lua)
.PHONY: spec
spec: all
	$(RUN_SPECS) $$(ls -S $(or $(SPECS),spec/*_spec.lua))

# The example of docs/testing.md: a plugin and its spec, run alone.
## example: the example plugin of docs/testing.md and its spec
.PHONY: example
example: all
	cd docs/examples && $(LUA_ENV) LUA="$(LUA)" $(BUSTED)

# The pages of docs/recipes, on one Prosody (PROSODY=0.12 or 13): every command and configuration is really run.
# SPECS=spec/recipes/x_spec.lua: only this page.
## recipes: runs the pages of docs/recipes/ on a real Prosody
.PHONY: recipes
recipes: all
	PROSODY="$(PROSODY)" $(RUN_SPECS) $(or $(SPECS),spec/recipes/*_spec.lua)

## e2e: log-ins on real servers (PROSODY=0.12|13 SPECS=)
.PHONY: e2e
e2e: all
	PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" SPECS="$(SPECS)" scripts/e2e

## browser: logs in from a page in a real browser, like Jitsi Meet
.PHONY: browser
browser:
	scripts/install-deps browser
	$(MAKE) all
	PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" SPECS=spec/browser scripts/e2e

## jitsi: log-ins beside Jitsi's own modules (JITSI_PLUGINS=DIR DOCKER_JITSI_MEET=DIR)
.PHONY: jitsi
jitsi:
	scripts/install-deps jitsi
	$(MAKE) all
	JITSI_PLUGINS="$(JITSI_PLUGINS)" PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" SPECS="$(SPECS)" scripts/jitsi

# Comparison with other libraries: see spec/cross/README.md.
CROSS_SEED ?= 1
CROSS_CASES ?= 5000

## cross: compares tokens, keys and results with other libraries
.PHONY: cross
cross: all
	$(LUA_ENV) LUA="$(LUA)" BUSTED="$(BUSTED)" PYTHON="$(PYTHON)" CROSS_SEED="$(CROSS_SEED)" CROSS_CASES="$(CROSS_CASES)" scripts/cross

## documents: writes the parts of documents that are generated from the code
.PHONY: documents
documents: all
	BUILD="$(BUILD)" $(LUA) scripts/documents

## lint: static checks: the next three together
## lint-style: format, warnings of compilers, static analysis
## lint-layers: allowed dependencies in src/ and lua/, exported symbols, hardening
## lint-documents: compares documents, options, codes and vectors with the code
.PHONY: lint lint-style lint-layers lint-documents
lint lint-style lint-layers lint-documents: all
	PKG_CFLAGS="$(PKG_CFLAGS)" BUILD="$(BUILD)" scripts/lint $(patsubst lint-%,%,$(filter-out lint,$@))

## check: all tests that fit into ten minutes; last line: N passed, N failed
.PHONY: check
check:
	scripts/install-deps test
	+PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" scripts/check

## demo: from a fresh checkout to real log-ins
.PHONY: demo
demo:
	scripts/install-deps demo
	$(MAKE) all
	scripts/demo

# Lua with the module from a folder. Programs that a spec starts use the module without sanitizers, since a sanitizer's library must
# be loaded before the program starts.
LUA_WITH = $(LUA) -e "package.cpath = '$(CURDIR)/$(1)/?.so;' .. package.cpath"

$(BUILD)/keep_loaded.so: test/keep_loaded.c
	@mkdir -p $(BUILD)
	$(CC) -D_GNU_SOURCE -shared -fPIC -o $@ $<

# Unit tests, corpus and specs under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, with checks of all integer
# conversions, as in fuzzing.
SANITIZE := $(BUILD)/sanitize
SANITIZE_FLAGS = -O1 $(CHECKED)
SANITIZE_RUNTIME = $(shell $(FUZZ_CC) -print-file-name=libclang_rt.asan-$(shell uname -m).so)

## sanitize: unit tests, corpus and specs under clang's sanitizers
.PHONY: sanitize
sanitize: all $(BUILD)/keep_loaded.so
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) UNIT_FLAGS="$(SANITIZE_FLAGS)" unit
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) UNIT_FLAGS="$(SANITIZE_FLAGS)" corpus
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) CFLAGS="-g $(SANITIZE_FLAGS) -shared-libasan" HARDENING= all
	LD_PRELOAD="$(SANITIZE_RUNTIME) $(CURDIR)/$(BUILD)/keep_loaded.so" $(LUA_ENV) \
		LSAN_OPTIONS=suppressions=$(CURDIR)/test/lsan.supp,print_suppressions=0 \
		$(call LUA_WITH,$(SANITIZE)) "$$(command -v $(BUSTED))" $(SPEC_ARGUMENTS)

# The specs with Lua's garbage collector running at every allocation of the module. The module is instrumented to tell when it runs.
COLLECTOR := $(BUILD)/collector
COLLECTOR_LINK := -Wl,--wrap=luaL_prepbuffsize,--wrap=luaL_buffinitsize,--wrap=luaL_addlstring,--wrap=luaL_addstring,--wrap=luaL_addvalue
COLLECTOR_CFLAGS = -O1 -g $(SANITIZERS) -finstrument-functions
COLLECTOR_PRELOAD = $(shell $(CC) -print-file-name=libasan.so) $(shell $(CC) -print-file-name=libubsan.so) \
	$(CURDIR)/$(COLLECTOR)/collector.so $(CURDIR)/$(BUILD)/keep_loaded.so

$(COLLECTOR)/collector.so: test/collector.c $(BUILD)/.dependencies
	@mkdir -p $(COLLECTOR)
	$(CC) $(ALL_CPPFLAGS) -std=c11 $(WARNINGS) -O1 -g -fPIC -fvisibility=hidden -shared -o $@ $<

$(COLLECTOR)/collector_faults.so: test/collector_faults.c $(BUILD)/.dependencies
	@mkdir -p $(COLLECTOR)
	$(CC) $(ALL_CPPFLAGS) -std=c11 $(WARNINGS) $(COLLECTOR_CFLAGS) -fPIC -fvisibility=hidden -shared $(COLLECTOR_LINK) -o $@ $<

## collector: specs with Lua's garbage collector at every allocation of the module
.PHONY: collector
collector: all $(BUILD)/keep_loaded.so $(COLLECTOR)/collector.so $(COLLECTOR)/collector_faults.so
	$(MAKE) BUILD=$(COLLECTOR) CFLAGS="$(COLLECTOR_CFLAGS)" LDFLAGS="$(COLLECTOR_LINK)" HARDENING= all
	BUILD=$(COLLECTOR) PRELOAD="$(COLLECTOR_PRELOAD)" \
		$(LUA_ENV) LUA="$(LUA)" BUSTED="$(BUSTED)" SPECS="$(SPECS)" scripts/collector

# The vectors with only OpenSSL's FIPS provider (Debian's package openssl-provider-fips) for cryptography.
## fips: the vectors with OpenSSL's FIPS provider
.PHONY: fips
fips: all $(UNIT)/test_vectors $(UNIT)/test_signature
	BUILD="$(BUILD)" LUA="$(LUA)" BUSTED="$(BUSTED)" scripts/fips

# Without generating RSA keys, which takes minutes under valgrind.
## valgrind: unit tests and specs under valgrind
.PHONY: valgrind
valgrind: all $(BUILD)/keep_loaded.so
	$(MAKE) BUILD=$(BUILD)/valgrind UNIT_FLAGS= UNIT_TESTS="$(filter-out test/test_key_generate.c,$(UNIT_TESTS))" UNIT_RUNNER="valgrind -q \
		--leak-check=full --errors-for-leak-kinds=definite --error-exitcode=1 --suppressions=test/valgrind.supp" unit
	BUILD=$(BUILD) PRELOAD=$(CURDIR)/$(BUILD)/keep_loaded.so LUA="$(LUA)" BUSTED="$(BUSTED)" SPECS="$(SPECS)" $(LUA_ENV) scripts/valgrind

# Lines and branches of src/ that are run by unit tests, the corpus, the out-of-memory tests, specs, and the end-to-end specs without
# Prosody; the others are in test/uncovered.txt with the reason.
COVERAGE := $(BUILD)/coverage
COVERED = BUILD=$(COVERAGE) CFLAGS="-O0 -g --coverage" LDFLAGS="--coverage" UNIT_FLAGS=

## coverage: lines and branches of src/ that tests reach
.PHONY: coverage
coverage: all
	rm -rf $(COVERAGE)
	$(MAKE) $(COVERED) all unit oom
	$(MAKE) $(COVERED) corpus
	$(LUA_ENV) $(call LUA_WITH,$(COVERAGE)) "$$(command -v $(BUSTED))" $(SPEC_ARGUMENTS)
	$(MAKE) $(COVERED) SPECS="$(wildcard spec/e2e/without_prosody_*_spec.lua)" spec
	BUILD=$(COVERAGE) scripts/coverage

# Changes the pure core in one place at a time; for each change a unit test must fail. MUTATED="src/token/claims.c": only these files.
## mutation: changes src/ in one place at a time; a unit test must fail (MUTATED=)
.PHONY: mutation
mutation: $(BUILD)/.dependencies
	BUILD=$(BUILD) nice -n 19 $(PYTHON) scripts/mutate $(MUTATED)
