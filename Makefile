# briefingd: make, make check, make demo. V=release|asan|tsan|cov chooses the
# variant; each builds into a folder of its own below build/.

V ?= release
B := build/$V
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

PACKAGES := libcurl sqlite3 libmicrohttpd libsystemd libsodium libcmark \
	libical jansson libseccomp libidn2 libconfig
# -isystem: a warning in an outside library's header is not ours to mend
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -letpan -lpthread

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 -Wvla -Wundef \
	-Wwrite-strings -Wcast-qual -Wpointer-arith -Wimplicit-fallthrough \
	-Wswitch-enum
WARN_C := $(WARN) -Wstrict-prototypes -Wmissing-prototypes -Wnull-dereference
ifdef CI
WARN += -Werror
endif
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=3
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_tsan := -O1 -g -fsanitize=thread
FLAGS_cov := -O0 -g --coverage
# warnings that the sanitizers' instrumentation sets off without cause
QUIET_asan := -Wno-null-dereference
QUIET_tsan := -Wno-null-dereference

CPPFLAGS += -D_GNU_SOURCE -DBRIEFINGD_VERSION='"$(VERSION)"' -Idaemon -I$B/gen \
	$(PACKAGE_CFLAGS)
CFLAGS += -std=c17 $(WARN_C) $(QUIET_$V) $(HARDEN) $(FLAGS_$V)
CXXFLAGS += -std=c++17 $(WARN) $(HARDEN) $(FLAGS_$V)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(filter -fsanitize=% --coverage,$(FLAGS_$V))

FLOORS := base tools doors core web run ctl
SOURCES := $(foreach f,$(FLOORS),$(wildcard daemon/$f/*.c daemon/$f/*.cc))
OBJECTS := $(patsubst daemon/%,$B/%.o,$(SOURCES)) \
	$B/gen/queries.o $B/gen/schema.o $B/gen/assets.o
PROGRAMS := $(patsubst daemon/%.c,$B/%,$(wildcard daemon/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c))

all: $(PROGRAMS)

.PHONY: all deps demo check unit flow browser house fuzz bench soak tidy \
	format install clean
.DELETE_ON_ERROR:
.SECONDARY:

# --- what is built

GENERATED := $B/gen/queries.h $B/gen/schema.h $B/gen/assets.h

$B/gen/queries.h $B/gen/queries.c &: scripts/embed-queries.awk $(wildcard daemon/queries/*.sql)
	@mkdir -p $(@D)
	awk -f $< -v header=$B/gen/queries.h -v source=$B/gen/queries.c $(sort $(wildcard daemon/queries/*.sql))

$B/gen/schema.h $B/gen/schema.c &: scripts/embed-files.sh $(wildcard daemon/schema/*.sql)
	@mkdir -p $(@D)
	sh $< schema $B/gen/schema $(sort $(wildcard daemon/schema/*.sql))

$B/gen/assets.h $B/gen/assets.c &: scripts/embed-files.sh $(wildcard templates/*/*)
	@mkdir -p $(@D)
	sh $< assets $B/gen/assets $(sort $(wildcard templates/*/*))

$B/gen/%.o: $B/gen/%.c $(GENERATED)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$B/%.c.o: daemon/%.c | $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/%.cc.o: daemon/%.cc | $(GENERATED)
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$B/libbriefingd.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(OBJECTS)

# the C++ of tools/template.cc needs the C++ linker
$B/%: $B/%.c.o $B/libbriefingd.a
	$(CXX) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

$B/tests/%: tests/unit/%.c $B/libbriefingd.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@.o $<
	$(CXX) $(LDFLAGS) -o $@ $@.o $B/libbriefingd.a $(PACKAGE_LIBS) -lcmocka

-include $(wildcard $B/*/*.d $B/*.d)

# --- what is proved

unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do $$t || exit 1; done

house:
	@sh scripts/house daemon

clean:
	rm -rf build
