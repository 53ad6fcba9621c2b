# Builds, tests and installs prosody-token-verifier. `make help` lists the targets.
# Everything in the first block can be set from outside; ours is appended, never overwritten.

CC ?= cc
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
DESTDIR ?=
LUA_VERSION ?= 5.4
LUA_CMODULE_DIR ?= $(PREFIX)/lib/lua/$(LUA_VERSION)
LUA_MODULE_DIR ?= $(PREFIX)/share/lua/$(LUA_VERSION)
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
LUA ?= lua$(LUA_VERSION)
PROSODY ?=
BUILD ?= build

MODULE := token_verifier
COMMAND := token-verifier
VERSION := $(shell sed -n 's/^\#define TV_VERSION "\(.*\)"/\1/p' src/base/version.h)

# name in pkg-config : Debian package
PACKAGES := $(if $(LUA_INCDIR),,lua$(LUA_VERSION):liblua$(LUA_VERSION)-dev) openssl:libssl-dev \
	libcurl:libcurl4-openssl-dev yyjson:libyyjson-dev
PC_NAMES := $(foreach p,$(PACKAGES),$(firstword $(subst :, ,$(p))))
# The module takes Lua's functions from the program that loads it.
PC_LIBS := openssl libcurl yyjson

PKG_CFLAGS = $(if $(LUA_INCDIR),-I$(LUA_INCDIR)) $(shell $(PKG_CONFIG) --cflags $(PC_NAMES))
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(PC_LIBS))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# What this compiler has of these, asked for once; and _FORTIFY_SOURCE where it optimises and neither the compiler nor CPPFLAGS and
# CFLAGS, a distribution's perhaps, have a level of their own, which may be higher.
PROTECTIONS := -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard
HARDENING = $(eval HARDENING := $(shell \
	for flag in $(PROTECTIONS); do \
		echo 'typedef int probe;' | $(CC) $(CPPFLAGS) $(CFLAGS) -Werror $$flag -S -x c -o /dev/null - 2>/dev/null && echo $$flag; \
	done; \
	$(CC) $(CPPFLAGS) $(CFLAGS) -E -dM -x c /dev/null 2>/dev/null | awk '/ __OPTIMIZE__ / { on = 1 } / _FORTIFY_SOURCE / { has = 1 } \
		END { if (on && !has) print "-D_FORTIFY_SOURCE=2" }'))$(HARDENING)
ALL_CPPFLAGS = -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) $(CPPFLAGS)
# no-plt: a call into another library goes straight there, as all are found when the module is loaded.
ALL_CFLAGS = -std=c11 -fPIC -fno-plt -fvisibility=hidden $(WARNINGS) $(HARDENING) $(CFLAGS)
# nodelete: a thread of libcurl's resolver may outlive lua_close().
ALL_LDFLAGS = -shared -Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,--as-needed $(LDFLAGS)

SOURCES := $(sort $(wildcard src/*/*.c))
HEADERS := $(sort $(wildcard src/*/*.h))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o)
# Everything but the Lua binding: what the unit tests link.
CORE_SOURCES := $(filter-out src/lua/%,$(SOURCES))
UNIT_TESTS := $(sort $(wildcard test/test_*.c))

.PHONY: all
all: $(BUILD)/$(MODULE).so

# One line that names the package, instead of a page of compiler errors.
$(BUILD)/.dependencies:
	@command -v $(PKG_CONFIG) >/dev/null || { echo "error: $(PKG_CONFIG) is missing: install the package pkg-config" >&2; exit 1; }
	@for p in $(PACKAGES); do \
		$(PKG_CONFIG) --exists "$${p%%:*}" || { \
			echo "error: the headers of $${p%%:*} are missing: install the package $${p##*:} (or run scripts/install-deps build)" >&2; \
			exit 1; }; \
	done
	@mkdir -p $(BUILD) && touch $@

$(BUILD)/%.o: src/%.c $(HEADERS) $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/$(MODULE).so: $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@.new $(OBJECTS) $(PKG_LIBS)
	mv -f $@.new $@

.PHONY: clean
clean:
	rm -rf $(BUILD)

# Installing: the library is replaced by rename, since a server may have the old one mapped.

PLUGINS := token_verifier/plugins
INSTALL ?= install

.PHONY: install
install: all
	$(INSTALL) -d "$(DESTDIR)$(LUA_CMODULE_DIR)" "$(DESTDIR)$(LUA_MODULE_DIR)/token_verifier" "$(DESTDIR)$(BINDIR)"
	$(INSTALL) -m 755 $(BUILD)/$(MODULE).so "$(DESTDIR)$(LUA_CMODULE_DIR)/.$(MODULE).so.new"
	mv -f "$(DESTDIR)$(LUA_CMODULE_DIR)/.$(MODULE).so.new" "$(DESTDIR)$(LUA_CMODULE_DIR)/$(MODULE).so"
	cd lua && find token_verifier -name '*.lua' | while read -r file; do \
		$(INSTALL) -D -m 644 "$$file" "$(DESTDIR)$(LUA_MODULE_DIR)/$$file" || exit 1; \
	done
	cd lua && find dropin modules -name '*.lua' | while read -r file; do \
		$(INSTALL) -D -m 644 "$$file" "$(DESTDIR)$(LUA_MODULE_DIR)/$(PLUGINS)/$$file" || exit 1; \
	done
	$(INSTALL) -m 755 bin/$(COMMAND) "$(DESTDIR)$(BINDIR)/"
	$(INSTALL) -D -m 644 docs/$(COMMAND).1 "$(DESTDIR)$(MANDIR)/man1/$(COMMAND).1"
	$(INSTALL) -D -m 644 completion/$(COMMAND).bash "$(DESTDIR)$(COMPLETIONDIR)/$(COMMAND)"

.PHONY: uninstall
uninstall:
	rm -f "$(DESTDIR)$(LUA_CMODULE_DIR)/$(MODULE).so"
	rm -rf "$(DESTDIR)$(LUA_MODULE_DIR)/token_verifier"
	rm -f "$(DESTDIR)$(BINDIR)/$(COMMAND)" "$(DESTDIR)$(MANDIR)/man1/$(COMMAND).1" "$(DESTDIR)$(COMPLETIONDIR)/$(COMMAND)"

# Tests

# Where the specs and Prosody find what was built here.
LUA_ENV = LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;;" LUA_PATH="$(CURDIR)/lua/?.lua;$(CURDIR)/?.lua;;"
BUSTED ?= busted
SPEC_ARGUMENTS = -o plainTerminal $(SPEC_FLAGS) --exclude-pattern=e2e $(or $(SPECS),$(wildcard spec/*_spec.lua))
RUN_SPECS = $(BUSTED) --lua=$(LUA) $(SPEC_ARGUMENTS)

SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
UNIT := $(BUILD)/unit
UNIT_CFLAGS = $(ALL_CFLAGS) -U_FORTIFY_SOURCE -UNDEBUG $(UNIT_FLAGS)
UNIT_FLAGS ?= $(SANITIZERS)
UNIT_OBJECTS := $(CORE_SOURCES:src/%.c=$(UNIT)/%.o)
UNIT_PROGRAMS := $(UNIT_TESTS:test/%.c=$(UNIT)/%)

$(UNIT)/%.o: src/%.c $(HEADERS) $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(UNIT_CFLAGS) -c -o $@ $<

$(UNIT)/test_%: test/test_%.c $(wildcard test/*.h) $(UNIT_OBJECTS)
	$(CC) $(ALL_CPPFLAGS) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_OBJECTS) $(PKG_LIBS)

.PHONY: unit
unit: $(UNIT_PROGRAMS)
	@status=0; for t in $(UNIT_PROGRAMS); do $(UNIT_RUNNER) $$t || status=1; done; exit $$status

# Each operation with its 1st, 2nd, 3rd ... allocation failing, in our objects alone, in OpenSSL and in Lua.
OOM_WRAPPED := malloc calloc realloc strdup strndup free
OOM_LINK = $(UNIT_CFLAGS) $(LDFLAGS) $(OOM_WRAPPED:%=-Wl,--wrap=%)
LUA_LIBS = $(shell $(PKG_CONFIG) --libs lua$(LUA_VERSION)) -lm

$(UNIT)/oom: test/oom.c $(wildcard test/*.h) $(UNIT_OBJECTS)
	$(CC) $(ALL_CPPFLAGS) $(OOM_LINK) -o $@ $< $(UNIT_OBJECTS) $(PKG_LIBS)

$(UNIT)/oom_lua: test/oom_lua.c $(wildcard test/*.h) $(SOURCES:src/%.c=$(UNIT)/%.o)
	$(CC) $(ALL_CPPFLAGS) $(OOM_LINK) -o $@ $< $(SOURCES:src/%.c=$(UNIT)/%.o) $(PKG_LIBS) $(LUA_LIBS)

# With the C library's own malloc() failing; without sanitizers, which have one of their own.
$(BUILD)/oom_malloc: test/oom_malloc.c $(wildcard test/*.h) $(CORE_SOURCES:src/%.c=$(BUILD)/%.o)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(CORE_SOURCES:src/%.c=$(BUILD)/%.o) $(PKG_LIBS)

# OOM_FLAGS=all: every one of the thousands that loading a key takes; minutes instead of seconds.
.PHONY: oom
oom: $(UNIT)/oom $(UNIT)/oom_lua $(BUILD)/oom_malloc
	$(BUILD)/oom_malloc
	$(UNIT)/oom $(OOM_FLAGS)
	$(UNIT)/oom_lua $(OOM_FLAGS)

# Fuzzing: clang's libFuzzer on everything that reads what others wrote. See fuzz/README.md.
FUZZ := $(BUILD)/fuzz
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst fuzz/fuzz_%.c,%,$(sort $(wildcard fuzz/fuzz_*.c)))
FUZZ_OBJECTS := $(SOURCES:src/%.c=$(FUZZ)/%.o)
# Conversions that change a value are finds too; what yyjson's headers do is none of ours.
CHECKED := -fsanitize=address,undefined,integer,nullability -fno-sanitize-recover=all \
	-fsanitize-ignorelist=fuzz/ignore.txt -fno-omit-frame-pointer
FUZZ_SANITIZERS := -fsanitize=fuzzer-no-link $(CHECKED)
FUZZ_CFLAGS = -std=c11 -O1 -g $(WARNINGS) $(FUZZ_SANITIZERS) $(FUZZ_FLAGS)
# These read tokens, and are given some by who knows how they are made.
FUZZ_TOKEN_TARGETS := jws verify oracle lua

$(FUZZ)/%.o: src/%.c $(HEADERS) fuzz/ignore.txt $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(FUZZ_CC) $(ALL_CPPFLAGS) $(FUZZ_CFLAGS) -c -o $@ $<

$(FUZZ)/%.o: fuzz/%.c $(HEADERS) $(wildcard fuzz/*.h) fuzz/ignore.txt $(BUILD)/.dependencies
	@mkdir -p $(FUZZ)
	$(FUZZ_CC) $(ALL_CPPFLAGS) $(FUZZ_CFLAGS) -c -o $@ $<

# What only serves the targets is nothing to be covered.
$(FUZZ)/token_mutator.o $(FUZZ)/signed.o: FUZZ_SANITIZERS := -fsanitize=address -fno-omit-frame-pointer

$(FUZZ_TOKEN_TARGETS:%=$(FUZZ)/fuzz_%): $(FUZZ)/token_mutator.o
$(FUZZ)/fuzz_%: $(FUZZ)/fuzz_%.o $(FUZZ)/signed.o $(FUZZ_OBJECTS)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(sort $^) $(PKG_LIBS) $(LUA_LIBS) -lm

.SECONDARY: $(FUZZ_OBJECTS) $(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%.o) $(FUZZ)/signed.o $(FUZZ)/token_mutator.o
.PHONY: fuzz-build
fuzz-build: $(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%)
	$(PYTHON) fuzz/seeds.py $(FUZZ)/seeds

# All targets in turn, each for FUZZ_SECONDS.
.PHONY: fuzz
fuzz: fuzz-build
	BUILD="$(BUILD)" scripts/fuzz run $(FUZZ_SECONDS)

# What runs have found goes into fuzz/corpus/, which is made as small as it can be.
.PHONY: fuzz-merge
fuzz-merge: fuzz-build
	BUILD="$(BUILD)" scripts/fuzz merge

# AFL++ (Debian's afl++) on the same targets, each for FUZZ_SECONDS; what it finds waits for fuzz-merge.
AFL_TARGETS ?= verify oracle key
.PHONY: fuzz-afl
fuzz-afl:
	$(MAKE) BUILD=$(BUILD)/afl FUZZ_CC=afl-clang-fast FUZZ_SANITIZERS="-fsanitize=fuzzer-no-link -fno-omit-frame-pointer" \
		$(AFL_TARGETS:%=$(BUILD)/afl/fuzz/fuzz_%)
	BUILD="$(BUILD)" scripts/fuzz afl $(FUZZ_SECONDS) $(AFL_TARGETS)

# The corpus without a fuzzer, with any compiler.
REPLAY_OBJECTS := $(SOURCES:src/%.c=$(UNIT)/%.o)
REPLAYS := $(FUZZ_TARGETS:%=$(UNIT)/replay_%)

$(UNIT)/replay_%: fuzz/fuzz_%.c fuzz/replay.c fuzz/signed.c $(wildcard fuzz/*.h) $(REPLAY_OBJECTS)
	$(CC) $(ALL_CPPFLAGS) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(REPLAY_OBJECTS) $(PKG_LIBS) $(LUA_LIBS)

.PHONY: corpus
corpus: $(REPLAYS)
	@for t in $(FUZZ_TARGETS); do $(UNIT)/replay_$$t $$t fuzz/corpus/$$t fuzz/finds/$$t; done | tee $(UNIT)/corpus.log
	@awk '/ passed, / { p += $$2; f += $$4 } END { printf "corpus: %d passed, %d failed\n", p, f; exit !(p > 0 && f == 0) }' $(UNIT)/corpus.log

.PHONY: spec
spec: all
	$(LUA_ENV) $(RUN_SPECS)

# The example of docs/testing.md: a plugin and its spec, on their own.
.PHONY: example
example: all
	cd docs/examples && $(LUA_ENV) LUA="$(LUA)" $(BUSTED)

# The recipes of docs/recipes, on one Prosody: what each page says is really done. SPECS=spec/recipes/x_spec.lua: that one.
.PHONY: recipes
recipes: all
	PROSODY="$(PROSODY)" $(LUA_ENV) PYTHON="$(PYTHON)" LUA="$(LUA)" BUSTED="$(BUSTED)" scripts/recipes $(SPECS)

.PHONY: e2e
e2e: all
	PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" SPECS="$(SPECS)" scripts/e2e

# A page in a real browser that logs in as Jitsi Meet does, on the same versions of Prosody.
.PHONY: browser
browser:
	scripts/install-deps browser
	$(MAKE) all
	PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" SPECS=spec/browser scripts/e2e

# Tokens, keys and verdicts of other libraries: see spec/cross/README.md.
CROSS_SEED ?= 1
CROSS_CASES ?= 5000

.PHONY: cross
cross: all
	$(LUA_ENV) LUA="$(LUA)" BUSTED="$(BUSTED)" PYTHON="$(PYTHON)" CROSS_SEED="$(CROSS_SEED)" CROSS_CASES="$(CROSS_CASES)" scripts/cross

.PHONY: lint
lint: all
	PKG_CFLAGS="$(PKG_CFLAGS)" BUILD="$(BUILD)" scripts/lint

# Everything that fits in ten minutes; prints the counts last.
.PHONY: check
check:
	scripts/install-deps test
	+PROSODY="$(PROSODY)" PYTHON="$(PYTHON)" scripts/check

# From a fresh checkout to real log-ins.
.PHONY: demo
demo:
	scripts/install-deps demo
	$(MAKE) all
	scripts/demo

# Lua with the module from a folder; what a spec starts has the one that was built without sanitizers, which must be there before
# a program starts.
LUA_WITH = $(LUA) -e "package.cpath = '$(CURDIR)/$(1)/?.so;' .. package.cpath"

$(BUILD)/keep_loaded.so: test/keep_loaded.c
	@mkdir -p $(BUILD)
	$(CC) -D_GNU_SOURCE -shared -fPIC -o $@ $<

# Unit tests, corpus and specs under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, with each integer conversion
# checked, as when fuzzing.
SANITIZE := $(BUILD)/sanitize
SANITIZE_FLAGS = -O1 $(CHECKED)
SANITIZE_RUNTIME = $(shell $(FUZZ_CC) -print-file-name=libclang_rt.asan-$(shell uname -m).so)

.PHONY: sanitize
sanitize: all $(BUILD)/keep_loaded.so
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) UNIT_FLAGS="$(SANITIZE_FLAGS)" unit
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) UNIT_FLAGS="$(SANITIZE_FLAGS)" corpus
	$(MAKE) CC=$(FUZZ_CC) BUILD=$(SANITIZE) CFLAGS="-g $(SANITIZE_FLAGS) -shared-libasan" HARDENING= all
	LD_PRELOAD="$(SANITIZE_RUNTIME) $(CURDIR)/$(BUILD)/keep_loaded.so" $(LUA_ENV) \
		LSAN_OPTIONS=suppressions=$(CURDIR)/test/lsan.supp,print_suppressions=0 \
		$(call LUA_WITH,$(SANITIZE)) "$$(command -v $(BUSTED))" $(SPEC_ARGUMENTS)

# The specs with Lua's collector running at every allocation of the module. The module tells when it is running.
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

.PHONY: collector
collector: all $(BUILD)/keep_loaded.so $(COLLECTOR)/collector.so $(COLLECTOR)/collector_faults.so
	$(MAKE) BUILD=$(COLLECTOR) CFLAGS="$(COLLECTOR_CFLAGS)" LDFLAGS="$(COLLECTOR_LINK)" HARDENING= all
	BUILD=$(COLLECTOR) PRELOAD="$(COLLECTOR_PRELOAD)" \
		$(LUA_ENV) LUA="$(LUA)" BUSTED="$(BUSTED)" SPECS="$(SPECS)" scripts/collector

# The vectors with OpenSSL's FIPS provider, of Debian's package openssl-provider-fips, and no other cryptography.
.PHONY: fips
fips: all $(UNIT)/test_vectors $(UNIT)/test_signature
	BUILD="$(BUILD)" LUA="$(LUA)" BUSTED="$(BUSTED)" scripts/fips

# Without the search for primes, which takes minutes there.
.PHONY: valgrind
valgrind: all $(BUILD)/keep_loaded.so
	$(MAKE) BUILD=$(BUILD)/valgrind UNIT_FLAGS= UNIT_TESTS="$(filter-out test/test_key_generate.c,$(UNIT_TESTS))" UNIT_RUNNER="valgrind -q \
		--leak-check=full --errors-for-leak-kinds=definite --error-exitcode=1 --suppressions=test/valgrind.supp" unit
	BUILD=$(BUILD) PRELOAD=$(CURDIR)/$(BUILD)/keep_loaded.so LUA="$(LUA)" BUSTED="$(BUSTED)" SPECS="$(SPECS)" $(LUA_ENV) scripts/valgrind

# Lines and branches of src/ that are run by unit tests, the corpus, what lets allocations fail, and specs; the rest is in
# test/uncovered.txt with its reason.
COVERAGE := $(BUILD)/coverage

.PHONY: coverage
coverage: all
	rm -rf $(COVERAGE)
	$(MAKE) BUILD=$(COVERAGE) CFLAGS="-O0 -g --coverage" LDFLAGS="--coverage" UNIT_FLAGS= all unit oom
	$(MAKE) BUILD=$(COVERAGE) CFLAGS="-O0 -g --coverage" LDFLAGS="--coverage" UNIT_FLAGS= corpus
	$(LUA_ENV) $(call LUA_WITH,$(COVERAGE)) "$$(command -v $(BUSTED))" $(SPEC_ARGUMENTS)
	BUILD=$(COVERAGE) scripts/coverage

# The pure core with one place changed at a time: for each change a unit test must fail. MUTATED="src/token/claims.c": these files.
.PHONY: mutation
mutation: $(BUILD)/.dependencies
	BUILD=$(BUILD) nice -n 19 $(PYTHON) scripts/mutate $(MUTATED)

# What things take: see bench/README.md. BENCH_FLAGS: --quick, --alone and others of bench/run.py.
BENCH := $(BUILD)/bench
BENCH_FLAGS ?=
BENCH_ENV = LUA="$(LUA)" CC="$(CC)" CFLAGS="$(CFLAGS)" LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;$(CURDIR)/$(BENCH)/?.so;;" \
	LUA_PATH="$(CURDIR)/lua/?.lua;$(CURDIR)/?.lua;;"
# Libraries of C that are compared with, if they are there; libjwt 2 has other functions.
BENCH_C_PEERS = $(shell $(PKG_CONFIG) --exists 'libjwt < 2' && echo $(BENCH)/libjwt; $(PKG_CONFIG) --exists cjose && echo $(BENCH)/cjose)

.PHONY: bench
bench:
	scripts/install-deps bench
	$(MAKE) bench-run

# What OpenSSL alone takes, as a module for the scripts in bench/; no part of the product.
$(BENCH)/floor.so: bench/floor.c $(BUILD)/.dependencies
	@mkdir -p $(BENCH)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O2 -shared $(LDFLAGS) -o $@ $< $(shell $(PKG_CONFIG) --libs openssl)

$(BENCH)/libjwt $(BENCH)/cjose: $(BENCH)/%: bench/peers/%.c bench/peers/worker.c bench/peers/peer.h
	@mkdir -p $(BENCH)
	$(CC) -D_GNU_SOURCE -std=c11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -DPEER_VERSION='"$(shell $(PKG_CONFIG) --modversion $*)"' \
		$(shell $(PKG_CONFIG) --cflags $*) $(LDFLAGS) -o $@ $(filter %.c,$^) $(shell $(PKG_CONFIG) --libs $*)

.PHONY: bench-programs bench-run bench-smoke bench-publish bench-reach bench-keys bench-slow-keys bench-answers bench-growth bench-loop bench-logins bench-shards
bench-programs: all $(BENCH)/floor.so
	@$(MAKE) --no-print-directory $(or $(BENCH_C_PEERS),all)

bench-run: bench-programs
	-scripts/npm-libraries
	$(BENCH_ENV) $(PYTHON) bench/run.py --build "$(BUILD)" $(BENCH_FLAGS)

# That the benchmarks still run, without other libraries, in two seconds.
bench-smoke: all $(BENCH)/floor.so
	$(BENCH_ENV) $(PYTHON) bench/run.py --build "$(BUILD)" --quick --alone --rounds 2
	$(BENCH_ENV) $(LUA) bench/instructions.lua
	@echo "bench: 2 passed, 0 failed"

# What README.md and bench/README.md show: the last run's.
bench-publish:
	@mkdir -p bench/results
	cp $(BENCH)/bench.md $(BENCH)/bench.csv $(BENCH)/plot.svg bench/results/

bench-reach: all $(BENCH)/floor.so
	$(BENCH_ENV) $(LUA) bench/verify.lua

# Instructions per verification against those of bench/instructions.json, for this combination of versions. WORD=HS256: only these.
.PHONY: bench-check bench-update
bench-check bench-update: bench-%: all $(BENCH)/floor.so
	$(BENCH_ENV) nice $(PYTHON) bench/instructions.py $* --build "$(BUILD)" --word "$(WORD)"

# Loading keys beside OpenSSL alone, and the steps of large JWK Sets.
bench-keys: $(BENCH)/keys
	$(BENCH)/keys

# The slowest texts that a source of keys can serve; fails if one takes longer than it may.
bench-slow-keys: $(BENCH)/slow_keys
	$(BENCH)/slow_keys

$(BENCH)/keys $(BENCH)/slow_keys: $(BENCH)/%: bench/%.c $(CORE_SOURCES:src/%.c=$(BUILD)/%.o)
	@mkdir -p $(BENCH)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O2 $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The longest step of the fetcher, whatever a key server answers. WORD="TLS: key": the answers with it in their names.
bench-answers: $(BENCH)/answers
	$(BENCH)/answers $(if $(WORD),"$(WORD)")

$(BENCH)/answers: bench/answers.c test/hostile.h $(CORE_SOURCES:src/%.c=$(BUILD)/%.o)
	@mkdir -p $(BENCH)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O2 $(LDFLAGS) -o $@ $(filter-out %.h,$^) $(PKG_LIBS)

bench-growth: all
	$(BENCH_ENV) $(LUA) bench/growth.lua $(GROWTH_CALLS)

bench-loop: all
	PROSODY="$(PROSODY)" $(PYTHON) bench/loop.py

# In a real Prosody, and with a hundred key stores behind nginx's cache.
bench-logins: all
	PROSODY="$(PROSODY)" $(PYTHON) bench/log_ins.py

bench-shards: all
	$(PYTHON) bench/shards.py

# A tarball that builds alone.
.PHONY: dist
dist:
	git archive --format=tar.gz --prefix=prosody-token-verifier-$(VERSION)/ \
		-o prosody-token-verifier-$(VERSION).tar.gz HEAD

# Every kind of package, built, installed where nothing else of ours is, and used; as root, in some minutes.
.PHONY: package-check
package-check:
	scripts/install-deps package
	+scripts/package-check

# A Debian package, source and binary, of what is committed, in $(BUILD)/deb.
.PHONY: deb
deb: dist
	rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb
	tar -C $(BUILD)/deb -xzf prosody-token-verifier-$(VERSION).tar.gz
	cd $(BUILD)/deb/prosody-token-verifier-$(VERSION) && dpkg-buildpackage -us -uc

.PHONY: help
help:
	@echo "all install uninstall clean dist deb package-check demo check unit oom corpus spec example recipes cross e2e browser lint fips sanitize collector valgrind coverage mutation bench"
	@echo "fuzz (each target for FUZZ_SECONDS, in turn) fuzz-merge fuzz-afl"
	@echo "bench-run bench-publish bench-reach bench-keys bench-slow-keys bench-answers bench-check bench-update bench-growth bench-loop bench-logins bench-shards"
