# Builds, tests and installs prosody-token-verifier. `make help` lists the targets.
# Everything in the first block can be set from outside; our flags are appended, and replace none.

CC ?= cc
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
DESTDIR ?=
LUA_VERSION ?= 5.4
MODULE := token_verifier
LUA_CMODULE_DIR ?= $(PREFIX)/lib/lua/$(LUA_VERSION)
LUA_MODULE_DIR ?= $(PREFIX)/share/lua/$(LUA_VERSION)
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
LUA ?= lua$(LUA_VERSION)
PROSODY ?=
BUILD ?= build

ifneq ($(LUA_VERSION),5.4)
$(error $(MODULE) needs Lua 5.4, LUA_VERSION is $(LUA_VERSION))
endif

comma := ,
space := $(subst ,, )
COMMAND := token-verifier
VERSION := $(shell sed -n 's/^\#define TV_VERSION "\(.*\)"/\1/p' src/base/version.h)

# name in pkg-config : Debian package
PACKAGES := $(if $(LUA_INCDIR),,lua$(LUA_VERSION):liblua$(LUA_VERSION)-dev) openssl:libssl-dev \
	libcurl:libcurl4-openssl-dev yyjson:libyyjson-dev
PC_NAMES := $(foreach p,$(PACKAGES),$(firstword $(subst :, ,$(p))))
# The module takes Lua's functions from the program that loads it.
PC_LIBS := openssl libcurl yyjson
# It has no file for pkg-config; libcurl's libidn2 needs it, too.
UNISTRING := uninorm.h:libunistring-dev

PKG_CFLAGS = $(if $(LUA_INCDIR),-I$(LUA_INCDIR)) $(shell $(PKG_CONFIG) --cflags $(PC_NAMES))
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(PC_LIBS)) -lunistring

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# HARDENING: the options among these that this compiler supports, tested once; and _FORTIFY_SOURCE if the compiler optimises and no
# level is set already by the compiler, CPPFLAGS or CFLAGS (for example, a higher one of a distribution).
PROTECTIONS := -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard
HARDENING = $(eval HARDENING := $(shell \
	for flag in $(PROTECTIONS); do \
		echo 'typedef int probe;' | $(CC) $(CPPFLAGS) $(filter-out --coverage,$(CFLAGS)) -Werror $$flag -S -x c -o /dev/null - 2>/dev/null && echo $$flag; \
	done; \
	$(CC) $(CPPFLAGS) $(CFLAGS) -E -dM -x c /dev/null 2>/dev/null | awk '/ __OPTIMIZE__ / { on = 1 } / _FORTIFY_SOURCE / { has = 1 } \
		END { if (on && !has) print "-D_FORTIFY_SOURCE=2" }'))$(HARDENING)
ALL_CPPFLAGS = -D_GNU_SOURCE -Isrc $(PKG_CFLAGS) $(CPPFLAGS)
# no-plt: direct calls into other libraries; all symbols are resolved when the module is loaded.
ALL_CFLAGS = -std=c11 -fPIC -fno-plt -fvisibility=hidden $(WARNINGS) $(HARDENING) $(CFLAGS)
# nodelete: a thread of libcurl's resolver may outlive lua_close().
ALL_LDFLAGS = -shared -Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,--as-needed $(LDFLAGS)

# The compiler writes which headers an object depends on.
DEPENDENCIES := -MMD -MP

SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o)
# Everything except the Lua binding; the unit tests link it.
CORE_SOURCES := $(filter-out src/lua/%,$(SOURCES))
UNIT_TESTS := $(sort $(wildcard test/test_*.c))

## all: the native module, in build/ (BUILD=)
.PHONY: all
all: $(BUILD)/$(MODULE).so

# If a library is missing: one line with the package to install, instead of many compiler errors.
$(BUILD)/.dependencies:
	@command -v $(PKG_CONFIG) >/dev/null || { echo "error: $(PKG_CONFIG) is missing: install the package pkg-config" >&2; exit 1; }
	@for p in $(PACKAGES); do \
		$(PKG_CONFIG) --exists "$${p%%:*}" || { \
			echo "error: the headers of $${p%%:*} are missing: install the package $${p##*:} (or run scripts/install-deps build)" >&2; \
			exit 1; }; \
	done
	@echo '#include <$(firstword $(subst :, ,$(UNISTRING)))>' | $(CC) $(CPPFLAGS) -E -o /dev/null - 2>/dev/null || { \
		echo "error: the headers of libunistring are missing: install the package $(lastword $(subst :, ,$(UNISTRING))) (or run scripts/install-deps build)" >&2; \
		exit 1; }
	@mkdir -p $(BUILD) && touch $@

$(BUILD)/%.o: src/%.c $(BUILD)/.dependencies
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(DEPENDENCIES) -c -o $@ $<

$(BUILD)/$(MODULE).so: $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@.new $(OBJECTS) $(PKG_LIBS)
	mv -f $@.new $@

## clean: removes build/
.PHONY: clean
clean:
	rm -rf $(BUILD)

# The library is replaced by a rename, since a running server may have the old one mapped.

PLUGINS := token_verifier/plugins
INSTALL ?= install

## install: module, plugins, command, man page (PREFIX= DESTDIR= LUA_VERSION=)
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
	$(INSTALL) -D -m 644 completion/$(COMMAND).zsh "$(DESTDIR)$(ZSHDIR)/_$(COMMAND)"
	$(INSTALL) -D -m 644 completion/$(COMMAND).fish "$(DESTDIR)$(FISHDIR)/$(COMMAND).fish"

## uninstall: removes everything that install has installed
.PHONY: uninstall
uninstall:
	rm -f "$(DESTDIR)$(LUA_CMODULE_DIR)/$(MODULE).so"
	rm -rf "$(DESTDIR)$(LUA_MODULE_DIR)/token_verifier"
	rm -f "$(DESTDIR)$(BINDIR)/$(COMMAND)" "$(DESTDIR)$(MANDIR)/man1/$(COMMAND).1" "$(DESTDIR)$(COMPLETIONDIR)/$(COMMAND)" \
		"$(DESTDIR)$(ZSHDIR)/_$(COMMAND)" "$(DESTDIR)$(FISHDIR)/$(COMMAND).fish"

include mk/test.mk mk/fuzz.mk mk/bench.mk mk/package.mk

## compile_commands.json: the compile commands, for editors and clangd
compile_commands.json: Makefile $(wildcard mk/*.mk)
	@{ $(foreach s,$(SOURCES),printf '{"directory":"%s","file":"%s","arguments":[%s]}\n' '$(CURDIR)' '$(s)' \
		'$(subst $(space),$(comma),$(foreach w,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c $(s),"$(w)"))';) } | paste -sd, | sed 's/^/[/; s/$$/]/' >$@

## help: this list
.PHONY: help
help:
	@sed -n 's/^## \([^:]*\): \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{ printf "%-22s %s\n", $$1, $$2 }'

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
