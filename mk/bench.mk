# SPDX-License-Identifier: MIT
# What things take: see bench/README.md. BENCH_FLAGS: --quick, --alone and others of bench/run.py.
BENCH := $(BUILD)/bench
BENCH_FLAGS ?=
BENCH_ENV = LUA="$(LUA)" CC="$(CC)" CFLAGS="$(CFLAGS)" LUA_CPATH="$(CURDIR)/$(BUILD)/?.so;$(CURDIR)/$(BENCH)/?.so;;" \
	LUA_PATH="$(CURDIR)/lua/?.lua;$(CURDIR)/?.lua;;"
# Libraries of C that are compared with, if they are there; libjwt 2 has other functions.
BENCH_C_PEERS = $(shell $(PKG_CONFIG) --exists 'libjwt < 2' && echo $(BENCH)/libjwt; $(PKG_CONFIG) --exists cjose && echo $(BENCH)/cjose)

## bench: what things take, beside OpenSSL alone and other libraries
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

## bench-programs: what the benchmarks need
## bench-run: the same without installing anything
## bench-smoke: whether the benchmarks still run
## bench-publish: takes the last run's figures into bench/results/
## bench-reach: the ratios to a bare signature check
## bench-keys: loading keys beside OpenSSL alone
## bench-slow-keys: the slowest texts that a source of keys can serve
## bench-answers: the longest step, whatever a key server answers (WORD=)
## bench-growth: memory and time over many calls
## bench-loop: gaps in Prosody's loop
## bench-logins: log-ins in a real Prosody
## bench-shards: a hundred key stores behind nginx's cache
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
## bench-check: instructions of today's code against those written down (WORD=)
## bench-update: writes them down
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
