# briefingd. The first user's commands: make demo, make check, make install.
#
# V=release|asan|tsan|cov|fuzz chooses the variant; each builds into a folder of
# its own below build/. CI=1 makes warnings errors. VERBOSE=1 shows commands.

V ?= release
B ?= build/$V
VERSION := 0.1.0
PYTHON ?= /usr/bin/python3
export V PYTHON
export PYTHONDONTWRITEBYTECODE := 1
# what was freed is kept out of use in so much; 256 MB would be all that a test
# ever frees, and each page of it is new
export ASAN_OPTIONS ?= quarantine_size_mb=16

PREFIX ?= /usr/local
DESTDIR ?=
# /usr keeps its configuration in /etc, any other prefix below itself
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)

PROGRAMS := $(patsubst daemon/%.c,$B/%,$(wildcard daemon/*.c))
all: $(PROGRAMS)

.PHONY: all deps demo check unit flow browser house docs layout fuzz bench bench-smoke measure soak \
	tidy format install clean sample FORCE
.DELETE_ON_ERROR:
.SECONDARY:
ifndef VERBOSE
.SILENT:
endif

# --- how it is compiled

PACKAGES := libcurl sqlite3 libmicrohttpd libsystemd libsodium nettle libarchive libcmark \
	absl_time jansson libseccomp libidn2 libconfig
# -isystem: a warning in an outside library's header is not ours to mend
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -letpan -lpthread

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 -Wvla -Wundef \
	-Wwrite-strings -Wcast-qual -Wpointer-arith -Wimplicit-fallthrough \
	-Wswitch-enum
WARN_C := $(WARN) -Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference
WERROR := $(if $(CI),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection
# every place in memory of a global that the sanitizer knows would have to be
# moved at each start, of which the flow tests have thousands
PIE := $(if $(filter asan,$V),no-pie,pie)
HARDEN += $(if $(filter asan,$V),-fno-pie,-fPIE)

FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=3
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_tsan := -O1 -g -fsanitize=thread
FLAGS_cov := -O0 -g --coverage
# clang, whose warnings nobody waits for: -w
FLAGS_fuzz := -w -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# warnings that the sanitizers' instrumentation sets off without cause
QUIET_asan := -Wno-null-dereference
QUIET_tsan := -Wno-null-dereference
# of its own, for leaks are looked for in all that a library has in memory
LINK_asan := -static-libubsan
LINK_fuzz := -fsanitize=address,undefined
ifeq ($V,fuzz)
CC := clang
CXX := clang++
endif

CPPFLAGS += -D_GNU_SOURCE -DBRIEFINGD_VERSION='"$(VERSION)"' \
	-DBRIEFINGD_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-Idaemon -I$B/gen $(PACKAGE_CFLAGS)
CFLAGS += -std=c17 $(WARN_C) $(QUIET_$V) $(HARDEN) $(FLAGS_$V)
CXXFLAGS += -std=c++17 $(WARN) $(HARDEN) $(FLAGS_$V)
# gcc itself says --as-needed, but not with its sanitizers
LDFLAGS += -$(PIE) -Wl,-z,relro,-z,now -Wl,--as-needed \
	$(filter-out %fuzzer-no-link%,$(filter -fsanitize=% --coverage,$(FLAGS_$V))) $(LINK_$V)

# Objects depend on this file: it changes when the flags do.
$B/flags: FORCE
	mkdir -p $(@D)
	printf '%s\n' $(call quote,$(CC) $(CPPFLAGS) $(CFLAGS) $(CXXFLAGS) $(LDFLAGS)) > $@.new
	cmp -s $@ $@.new && rm $@.new || mv $@.new $@
quote = '$(subst ','\'',$1)'

# --- what is built

FLOORS := base tools doors core web run ctl
SOURCES := $(foreach f,$(FLOORS),$(wildcard daemon/$f/*.c daemon/$f/*.cc))
OBJECTS := $(patsubst daemon/%,$B/%.o,$(SOURCES)) \
	$B/gen/queries.o $B/gen/schema.o $B/gen/assets.o
UNIT_TESTS := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$B/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
GENERATED := $B/gen/queries.h $B/gen/schema.h $B/gen/assets.h

$B/gen/queries.h $B/gen/queries.c &: scripts/embed-queries.awk $(wildcard daemon/queries/*.sql)
	mkdir -p $(@D)
	awk -f $< -v header=$B/gen/queries.h -v source=$B/gen/queries.c $(sort $(wildcard daemon/queries/*.sql))

$B/gen/schema.h $B/gen/schema.c &: scripts/embed-files.sh $(wildcard daemon/schema/*.sql)
	mkdir -p $(@D)
	sh $< schema $B/gen/schema $(sort $(wildcard daemon/schema/*.sql))

$B/gen/assets.h $B/gen/assets.c &: scripts/embed-files.sh $(wildcard templates/*/* config/*)
	mkdir -p $(@D)
	sh $< assets $B/gen/assets $(sort $(wildcard templates/*/* config/*))

$B/gen/%.o: $B/gen/%.c $(GENERATED) $B/flags
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WERROR) -c -o $@ $<

$B/%.c.o: daemon/%.c $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WERROR) -MMD -MP -c -o $@ $<

$B/%.cc.o: daemon/%.cc $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) $(WERROR) -MMD -MP -c -o $@ $<

$B/tests/%.o: tests/unit/%.c $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WERROR) -MMD -MP -c -o $@ $<

$B/tests/%.o: tests/flow/%.c $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WERROR) -MMD -MP -c -o $@ $<

$B/tests/%.o: tests/bench/%.c $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WERROR) -MMD -MP -c -o $@ $<

$B/tests/%.o: tests/fuzz/%.c $B/flags | $(GENERATED)
	mkdir -p $(@D)
	echo cc $@
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/libbriefingd.a: $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $(OBJECTS)

# the C++ of tools/template.cc needs the C++ linker
$B/%: $B/%.c.o $B/libbriefingd.a
	echo ld $@
	$(CXX) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

# of many, in half the time
QUICK_LD := $(if $(shell command -v ld.gold),-fuse-ld=gold)
$B/tests/test_%: $B/tests/test_%.o $B/libbriefingd.a
	echo ld $@
	$(CXX) $(LDFLAGS) $(QUICK_LD) -o $@ $^ $(PACKAGE_LIBS) -lcmocka

$B/tests/%_driver: $B/tests/%_driver.o $B/libbriefingd.a
	echo ld $@
	$(CXX) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

$B/tests/bench_%: $B/tests/bench_%.o
	echo ld $@
	$(CC) $(LDFLAGS) -o $@ $^ -lcurl -lgnutls -lsqlite3 -lmicrohttpd -lpthread

$B/tests/fuzz_%: $B/tests/fuzz_%.o $B/libbriefingd.a
	echo ld $@
	$(CXX) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PACKAGE_LIBS)

-include $(wildcard $B/*.d $B/*/*.d)

deps:
	sh scripts/deps build test

# --- what is proved

# Everything, in about twenty-five minutes on two cores. Each step is a make of
# its own: the libraries may have arrived only with deps.
JOBS ?= $(shell nproc)
STEP := $(MAKE) --no-print-directory -j$(JOBS) CI=1
check: deps
	$(STEP) house docs layout
	$(STEP) V=release all
	$(STEP) V=asan all unit
	$(STEP) V=tsan all unit ONLY='pool smtp watch http errand'
	$(STEP) V=tsan flow ONLY='main_job or delivery or log_begins'
	$(STEP) V=fuzz fuzz FUZZ_SECONDS=3
	$(STEP) bench-smoke
	$(STEP) V=asan browser
	$(STEP) V=asan flow

# ONLY='pool smtp' runs those alone. Without address randomness, which gcc's
# thread sanitizer can't stand on newer kernels.
TESTED := $(if $(ONLY),$(wildcard $(patsubst %,tests/unit/test_%.c,$(ONLY))),$(wildcard tests/unit/test_*.c))
TESTED := $(TESTED:tests/unit/%.c=$B/tests/%)
RUN_tsan := setarch -R
unit: $(TESTED)
	printf '%s\n' $(TESTED) | xargs -P $(JOBS) -n 1 sh -c '$(RUN_$V) $$0 \
		> $$0.out 2>&1; code=$$?; cat $$0.out; exit $$code'

# The real daemon between real servers; ONLY is pytest's -k. The tests wait more
# than they work, so that some run side by side; the storms of soak run alone.
AT_ONCE ?= 3
PYTEST := $(PYTHON) -m pytest -q -p no:cacheprovider $(if $(ONLY),-k '$(ONLY)')
DRIVERS := $(patsubst tests/flow/%.c,$B/tests/%,$(wildcard tests/flow/*_driver.c))
flow: all $(DRIVERS)
	$(PYTEST) -n $(AT_ONCE) tests/flow

# Pages and mails in Chromium, judged by axe-core. LOOK=FOLDER leaves a picture
# of each there.
browser: all $(DRIVERS) tests/browser/node_modules/.package-lock.json
	LOOK='$(abspath $(LOOK))' $(PYTEST) -n $(JOBS) tests/browser

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# All as it is delivered, without sanitizers, and the flow tests with their storms
# whole; their figures stand at the end.
soak: all $(DRIVERS)
	HISTORIES=20000 $(MAKE) --no-print-directory unit
	SOAK=1 $(PYTEST) tests/flow

# How fast it is, beside others, in a table: about 20 minutes, on a machine that
# does nothing else. BENCH='--rows slot --runs 1' is handed on; bench-smoke only
# sees that it runs.
BENCHES := $(patsubst tests/bench/%.c,$B/tests/%,$(wildcard tests/bench/*.c))
SMOKE := --members 50 --many 50 --leaves 3000 --runs 1
bench:
	sh scripts/deps build bench
	test -e tests/bench/node_modules/.package-lock.json || \
		(cd tests/bench && npm ci --no-audit --no-fund) || \
		echo "bench: goes on without nodemailer"
	$(STEP) V=release measure
bench-smoke:
	$(STEP) V=release measure BENCH='$(SMOKE)'
measure: all $(BENCHES)
	$(PYTHON) tests/bench/bench $(BENCH)

house:
	sh scripts/house daemon

docs:
	sh scripts/check-docs

layout:
	clang-format-14 --dry-run -Werror $(FORMATTED)

FUZZ_SECONDS ?= 60
fuzz:
ifeq ($V,fuzz)
fuzz: $(FUZZERS)
	sh scripts/fuzz $B $(FUZZ_SECONDS) $(FUZZERS)
else
	$(MAKE) V=fuzz fuzz
endif

# --- what advises

FORMATTED := $(wildcard daemon/*.[ch] daemon/*/*.[ch] daemon/*/*.cc tests/*/*.[ch])
format:
	clang-format-14 -i $(FORMATTED)

tidy: $(GENERATED)
	clang-tidy-14 --quiet $(filter %.c,$(SOURCES)) -- -std=c17 $(CPPFLAGS)
	cppcheck --quiet --std=c11 --enable=warning,portability \
		--inline-suppr -D_GNU_SOURCE -Idaemon -I$B/gen daemon
	$(MAKE) B=build/analyzer FLAGS_release='-O1 -fanalyzer' all

# --- what is delivered

MAN := $(DESTDIR)$(PREFIX)/share/man
DOC := $(DESTDIR)$(PREFIX)/share/doc/briefingd
LIB := $(DESTDIR)$(PREFIX)/lib
ETC := $(DESTDIR)$(SYSCONFDIR)/briefingd
# says where things are
PLACED = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
	-e 's|@VERSION@|$(VERSION)|g'

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
		$(MAN)/man1 $(MAN)/man5 $(MAN)/man8 $(DOC)/examples \
		$(LIB)/systemd/system $(LIB)/sysusers.d $(LIB)/tmpfiles.d \
		$(ETC)/lists $(ETC)/templates
	install -m 755 $B/briefingd $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $B/briefingctl $(DESTDIR)$(PREFIX)/bin/
	for page in $(notdir $(wildcard docs/*.[158])); do \
		$(PLACED) docs/$$page > $(MAN)/man$${page##*.}/$$page || exit 1; done
	for unit in service socket; do $(PLACED) systemd/briefingd.$$unit \
		> $(LIB)/systemd/system/briefingd.$$unit || exit 1; done
	$(PLACED) systemd/sysusers.conf > $(LIB)/sysusers.d/briefingd.conf
	$(PLACED) systemd/tmpfiles.conf > $(LIB)/tmpfiles.d/briefingd.conf
	install -m 644 README.md CHANGES.md LICENSE docs/verify-evidence.md $(DOC)/
	cp -R lists templates $(DOC)/examples/
	install -m 644 config/briefingd.conf config/bank-holidays $(DOC)/examples/
# an administrator's configuration is never written over
	test -e $(ETC)/briefingd.conf || install -m 644 config/briefingd.conf $(ETC)/

# the sample board's briefings, with their PDF documents, in build/sample
sample:
	sh scripts/sample build/sample

demo:
	sh scripts/deps build demo
	$(PYTHON) scripts/demo

clean:
	rm -rf build
