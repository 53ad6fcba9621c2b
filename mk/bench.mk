# SPDX-License-Identifier: MIT
# Benchmarks: see bench/README.md. BENCH_FLAGS: --quick, --alone and other options of bench/run.py.
BENCH := $(BUILD)/bench
BENCH_FLAGS ?=
BENCH_ENV = LUA="$(LUA)" CC="$(CC)" CFLAGS="$(CFLAGS)" LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;$(CURDIR)/$(BENCH)/?.so;;" \
	LUA_PATH="$(CURDIR)/lua/?.lua;$(CURDIR)/?.lua;;"
# C libraries to compare with, if they are installed; libjwt 2 has other functions.
BENCH_C_PEERS = $(shell $(PKG_CONFIG) --exists 'libjwt < 2' && echo $(BENCH)/libjwt; $(PKG_CONFIG) --exists cjose && echo $(BENCH)/cjose)

## bench: times of this module, OpenSSL alone and other libraries
.PHONY: bench
bench:
	scripts/install-deps bench
	$(MAKE) bench-run

# Calls OpenSSL alone, as a Lua module for the scripts in bench/; not part of the product.
$(BENCH)/floor.so: bench/floor.c $(BUILD)/.dependencies
	@mkdir -p $(BENCH)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O2 -shared $(LDFLAGS) -o $@ $< $(shell $(PKG_CONFIG) --libs openssl)

$(BENCH)/libjwt $(BENCH)/cjose: $(BENCH)/%: bench/peers/%.c bench/peers/worker.c bench/peers/peer.h
	@mkdir -p $(BENCH)
	$(CC) -D_GNU_SOURCE -std=c11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -DPEER_VERSION='"$(shell $(PKG_CONFIG) --modversion $*)"' \
		$(shell $(PKG_CONFIG) --cflags $*) $(LDFLAGS) -o $@ $(filter %.c,$^) $(shell $(PKG_CONFIG) --libs $*)

## bench-programs: builds the programs of the benchmarks
## bench-run: the same as bench, without installing anything
## bench-smoke: tests that the benchmarks still run
## bench-publish: copies the results of the last run into bench/results/
## bench-reach: the ratios to a bare signature check
## bench-keys: loading keys, compared with OpenSSL alone
## bench-slow-keys: the slowest texts that a source of keys can serve
## bench-answers: the longest step for hostile answers of a key server (WORD=)
## bench-growth: memory and time over many calls
## bench-loop: gaps in Prosody's event loop
## bench-logins: log-ins in a real Prosody
## bench-shards: a hundred key stores behind nginx's cache
.PHONY: bench-programs bench-run bench-smoke bench-publish bench-reach bench-keys bench-slow-keys bench-answers bench-growth bench-loop bench-logins bench-shards
bench-programs: all $(BENCH)/floor.so
	@$(MAKE) --no-print-directory $(or $(BENCH_C_PEERS),all)

bench-run: bench-programs
	-scripts/npm-libraries
	$(BENCH_ENV) $(PYTHON) bench/run.py --build "$(BUILD)" $(BENCH_FLAGS)

# Tests in two seconds that the benchmarks still run, without other libraries.
bench-smoke: all $(BENCH)/floor.so
	$(BENCH_ENV) $(PYTHON) bench/run.py --build "$(BUILD)" --quick --alone --rounds 2
	$(BENCH_ENV) $(LUA) bench/instructions.lua
	@echo "bench: 2 passed, 0 failed"

# README.md and bench/README.md show these results.
bench-publish:
	@mkdir -p bench/results
	cp $(BENCH)/bench.md $(BENCH)/bench.csv $(BENCH)/plot.svg bench/results/

bench-reach: all $(BENCH)/floor.so
	$(BENCH_ENV) $(LUA) bench/verify.lua

# Compares instructions per verification with bench/instructions.json, for this combination of versions. WORD=HS256: only these cases.
## bench-check: compares instruction counts with bench/instructions.json (WORD=)
## bench-update: writes instruction counts into bench/instructions.json
.PHONY: bench-check bench-update
bench-check bench-update: bench-%: all $(BENCH)/floor.so
	$(BENCH_ENV) nice $(PYTHON) bench/instructions.py $* --build "$(BUILD)" --word "$(WORD)"

# Loading keys, compared with OpenSSL alone, and the steps of large JWK Sets.
bench-keys: $(BENCH)/keys
	$(BENCH)/keys

# The slowest texts that a source of keys can serve; fails if one takes longer than it may.
bench-slow-keys: $(BENCH)/slow_keys
	$(BENCH)/slow_keys

$(BENCH)/keys $(BENCH)/slow_keys: $(BENCH)/%: bench/%.c $(CORE_SOURCES:src/%.c=$(BUILD)/%.o)
	@mkdir -p $(BENCH)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -O2 $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The longest step of the fetcher for hostile answers of a key server. WORD="TLS: key": only answers with this in their names.
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
