# bulkfetch: `make demo` shows it at work, `make check` runs all the tests.
# CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR are yours; ours come first.

CC      ?= cc
AR      ?= ar
CLANG   ?= clang
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
BUILD   ?= build
SAN     ?=
FORTIFY ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
FUZZ_SECONDS ?= 30

ccflag = $(shell $(CC) -Werror $(1) -xc -c -o /dev/null /dev/null 2>/dev/null \
	&& echo $(1))
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wcast-qual -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
	-Wswitch-enum -Wundef -Wvla -Wwrite-strings
HARDEN := -fPIE -fstack-protector-strong $(foreach f,-fstack-clash-protection \
	-fcf-protection -ftrivial-auto-var-init=zero,$(call ccflag,$(f)))
ALL_CPPFLAGS = -D_GNU_SOURCE -Iinclude -Isrc $(FORTIFY) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 -MMD -MP $(WARN) $(HARDEN) $(CFLAGS) $(SAN)
# Before glibc 2.34 dlopen(3) was in a library of its own, part of libc.
ALL_LDFLAGS  = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS) $(SAN) -ldl
LINK = $(CC) $(ALL_CFLAGS) -o $@

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

# The library is everything but the command line.
LIB_SRC := $(call sources,$(addprefix src/,base http dns sys route net source \
	collect fetch))
LIB     := $(BUILD)/libbulkfetch.a
CLI     := $(BUILD)/libcli.a
BIN     := $(BUILD)/bulkfetch

UNIT    := $(patsubst %.c,$(BUILD)/%,$(call sources,tests/unit))
UNIT    := $(filter $(BUILD)/tests/unit/test_%,$(UNIT))
UNIT_SHARED := $(filter-out tests/unit/test_%,$(call sources,tests/unit))
IT      := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/it/it_*.c)))
IT_SHARED := $(filter-out tests/it/it_% tests/it/faults_preload.c, \
	$(call sources,tests/it))
FAULTS  := $(BUILD)/tests/it/faults_preload.so
TESTLIB := $(BUILD)/libtests.a
ORIGIN  := $(BUILD)/tests/origin/origin
ORIGIN_CHECK := $(BUILD)/tests/origin/check
ORIGIN_SRC := $(filter-out tests/origin/check.c,$(call sources,tests/origin))
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard \
	tests/fuzz/fuzz_*.c)))
REPLAY  := $(FUZZ:%=$(BUILD)/tests/fuzz/replay_%)
BENCH   := $(patsubst %.c,$(BUILD)/%,$(call sources,tests/bench))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(call sources,examples))

.PHONY: all check unit it replay examples demo bench fuzz lint format install \
	uninstall clean cmocka

all: $(BIN) $(LIB)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(LIB): $(call objects,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(CLI): $(call objects,$(call sources,src/cli))
	@rm -f $@
	$(AR) rcs $@ $^

$(BIN): $(BUILD)/src/main.o $(CLI) $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

# ---- Tests ------------------------------------------------------------------

# What tests share: fakes, the harness, and the modules of the origin server.
$(TESTLIB): $(call objects,$(UNIT_SHARED) $(IT_SHARED) \
    $(filter-out tests/origin/origin.c,$(ORIGIN_SRC)))
	@rm -f $@
	$(AR) rcs $@ $^

# A unit test that has a line `/* link: FLAGS */` is linked with those flags:
# to let it stand between us and a system call.
$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(TESTLIB) $(CLI) $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS) \
	    $$(sed -n 's,^/\* link: \(.*\) \*/$$,\1,p' tests/unit/$*.c) -lcmocka

$(IT): $(BUILD)/tests/it/%: $(BUILD)/tests/it/%.o $(TESTLIB) $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS) -lcmocka

# It stands in front of malloc and kin, so it is no part of anything else, and
# nothing stands in front of what it defines.
$(FAULTS): tests/it/faults_preload.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE $(CPPFLAGS) $(ALL_CFLAGS) -U_FORTIFY_SOURCE -fPIC \
	    -shared -o $@ $<

$(ORIGIN): $(call objects,$(ORIGIN_SRC)) $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

$(ORIGIN_CHECK): $(call objects,tests/origin/check.c tests/origin/pattern.c) \
    $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

$(REPLAY): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
    $(BUILD)/tests/fuzz/replay.o $(CLI) $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

$(EXAMPLES): $(BUILD)/examples/%: $(BUILD)/examples/%.o $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

$(BENCH): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	$(LINK) $^ $(ALL_LDFLAGS)

# cmocka is all that the tests need; where it is missing the system's package
# manager is asked for it, and says so.
cmocka:
	@CC='$(CC)' .ci/need-cmocka

check: cmocka
	@$(MAKE) --no-print-directory examples
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory replay
	@$(MAKE) --no-print-directory it

unit: $(UNIT)
	@BUILD='$(BUILD)' tests/run $(UNIT)

it: $(BIN) $(ORIGIN) $(ORIGIN_CHECK) $(EXAMPLES) $(FAULTS) $(IT)
	@BUILD='$(BUILD)' tests/run $(IT)

replay: $(REPLAY)
	@set -e; for t in $(FUZZ); do \
	    echo "== replay $$t"; \
	    $(BUILD)/tests/fuzz/replay_$$t tests/fuzz/corpus/$$t; done

examples: $(EXAMPLES)

demo: $(BIN) $(ORIGIN) $(ORIGIN_CHECK)
	@BUILD='$(BUILD)' tests/demo

bench: $(BIN) $(BENCH) $(ORIGIN) $(ORIGIN_CHECK)
	@BUILD='$(BUILD)' tests/bench/rig --quick

# ---- For those who work on it ----------------------------------------------------

FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CC := $(CLANG) -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -O1 -g $(FUZZ_SAN)
FUZZ_OBJ := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(LIB_SRC) \
	$(call sources,src/cli))

# Once for all the fuzzers; apart from the objects of the compiler that is $(CC).
$(BUILD)/fuzz/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -MMD -MP -fsanitize=fuzzer-no-link -c -o $@ $<

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^ -ldl

# New finds go to $(BUILD); what is worth keeping is copied to the corpus.
fuzz: $(FUZZ:%=$(BUILD)/fuzz/%)
	@set -e; for t in $(FUZZ); do \
	    echo "== fuzz $$t, $(FUZZ_SECONDS) s"; \
	    mkdir -p $(BUILD)/fuzz/found_$$t; \
	    $(BUILD)/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -max_len=16384 \
	        -print_final_stats=0 -verbosity=0 -timeout=10 \
	        -artifact_prefix=$(BUILD)/fuzz/$$t- \
	        $(BUILD)/fuzz/found_$$t tests/fuzz/corpus/$$t; done

lint:
	@BUILD='$(BUILD)' CC='$(CC)' CLANG='$(CLANG)' WARN='$(WARN)' .ci/lint

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib \
	    $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/bulkfetch
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/libbulkfetch.a
	install -m 644 include/bulkfetch.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 man/bulkfetch.1 $(DESTDIR)$(PREFIX)/share/man/man1/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/bulkfetch \
	    $(DESTDIR)$(PREFIX)/lib/libbulkfetch.a \
	    $(DESTDIR)$(PREFIX)/include/bulkfetch.h \
	    $(DESTDIR)$(PREFIX)/share/man/man1/bulkfetch.1

clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
