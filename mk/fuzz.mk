# SPDX-License-Identifier: MIT
# Fuzzing: clang's libFuzzer on every parser of untrusted input. See fuzz/README.md.
FUZZ := $(BUILD)/fuzz
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst fuzz/fuzz_%.c,%,$(sort $(wildcard fuzz/fuzz_*.c)))
FUZZ_OBJECTS := $(SOURCES:src/%.c=$(FUZZ)/%.o)
# Conversions that change a value are finds, too, except in yyjson's headers.
CHECKED := -fsanitize=address,undefined,integer,nullability -fno-sanitize-recover=all \
	-fsanitize-ignorelist=fuzz/ignore.txt -fno-omit-frame-pointer
FUZZ_SANITIZERS := -fsanitize=fuzzer-no-link $(CHECKED)
FUZZ_CFLAGS = -std=c11 -O1 -g $(WARNINGS) $(FUZZ_SANITIZERS) $(FUZZ_FLAGS)
# These read tokens, so they get inputs from a mutator that knows the structure of tokens.
FUZZ_TOKEN_TARGETS := jws verify oracle lua

$(FUZZ)/%.o: src/%.c fuzz/ignore.txt $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(FUZZ_CC) $(ALL_CPPFLAGS) $(FUZZ_CFLAGS) $(DEPENDENCIES) -c -o $@ $<

$(FUZZ)/%.o: fuzz/%.c fuzz/ignore.txt $(BUILD)/.dependencies
	@mkdir -p $(FUZZ)
	$(FUZZ_CC) $(ALL_CPPFLAGS) $(FUZZ_CFLAGS) $(DEPENDENCIES) -c -o $@ $<

# Helpers of the targets need no coverage.
$(FUZZ)/token_mutator.o $(FUZZ)/signed.o: FUZZ_SANITIZERS := -fsanitize=address -fno-omit-frame-pointer

$(FUZZ_TOKEN_TARGETS:%=$(FUZZ)/fuzz_%): $(FUZZ)/token_mutator.o
$(FUZZ)/fuzz_%: $(FUZZ)/fuzz_%.o $(FUZZ)/signed.o $(FUZZ_OBJECTS)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(sort $^) $(PKG_LIBS) $(LUA_LIBS) -lm

.SECONDARY: $(FUZZ_OBJECTS) $(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%.o) $(FUZZ)/signed.o $(FUZZ)/token_mutator.o
## fuzz-build: the fuzz targets and their seeds
.PHONY: fuzz-build
fuzz-build: $(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%)
	$(PYTHON) fuzz/seeds.py $(FUZZ)/seeds

## fuzz: each fuzz target for FUZZ_SECONDS, in turn
.PHONY: fuzz
fuzz: fuzz-build
	BUILD="$(BUILD)" scripts/fuzz run $(FUZZ_SECONDS)

# Adds the inputs that runs have found to fuzz/corpus/, and minimizes it.
## fuzz-merge: adds what runs have found to fuzz/corpus/
.PHONY: fuzz-merge
fuzz-merge: fuzz-build
	BUILD="$(BUILD)" scripts/fuzz merge

# AFL++ (Debian's afl++) on the same targets, each for FUZZ_SECONDS; fuzz-merge adds what it finds.
AFL_TARGETS ?= verify oracle key
## fuzz-afl: the same targets with AFL++
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

## corpus: replays the fuzzers' corpus, with any compiler
.PHONY: corpus
corpus: $(REPLAYS)
	@for t in $(FUZZ_TARGETS); do $(UNIT)/replay_$$t $$t fuzz/corpus/$$t fuzz/finds/$$t; done | tee $(UNIT)/corpus.log
	@awk '/ passed, / { p += $$2; f += $$4 } END { printf "corpus: %d passed, %d failed\n", p, f; exit !(p > 0 && f == 0) }' $(UNIT)/corpus.log
