# berth: make, make check, make install. See README.md.
VERSION = 0.1.0
CC ?= cc
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# warnings stop developers' and CI's builds: make WERROR=-Werror
WERROR ?=
BASEFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -Iinclude -Ibuild/gen -Icompiler/syntax -DBERTH_VERSION='"$(VERSION)"' -MMD -MP
LDLIBS = -ljansson -lyaml -lz
# flex leaves a function behind that we replaced
build/obj/build/gen/berth.lex.o build/asan/build/gen/berth.lex.o: WARN += -Wno-unused-function
SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DBERTH_DEBUG
PREFIX ?= /usr/local
DESTDIR ?=

LAYERS = base diag syntax schema sema graph lower emit fmt cli
base = arena buf die file map names sha256 str
diag = diag render_json render_text source
syntax = ast parse tokens
schema = cron_next cron_parse cron_print cron_rule cron_translate literals tables zone
sema = coerce compile eval functions objects outputs params policy refs stage static value
graph = check check_platform check_queue check_schedule graph
lower = ecs ecs_deploy ecs_doc ecs_files ecs_http ecs_job ecs_log ecs_machine ecs_queue ecs_role ecs_router ecs_scale ecs_schedule ecs_task k8s k8s_aws k8s_cronjob k8s_doc k8s_files k8s_http k8s_job k8s_log k8s_manifest k8s_network k8s_pod k8s_rollout k8s_scale k8s_secret k8s_watermark limits lower resource shape yaml_read
emit = api cloudformation ecschedule ecspresso folder forms helm helm_leaf helm_merge helm_path helm_text helm_values json lock manifest output secrets terraform yaml
fmt = fmt
cli = commands compile explain fidelity fmt help iam init options schedules session why
SRC = $(foreach l,$(LAYERS),$(patsubst %,compiler/$(l)/%.c,$($(l))))
GEN = build/gen/berth.tab.c build/gen/berth.lex.c build/gen/stdlib.c build/gen/deploy.c
LIBSRC = $(SRC) $(GEN)
OBJ = $(patsubst %.c,build/obj/%.o,$(LIBSRC))
ASAN_OBJ = $(patsubst %.c,build/asan/%.o,$(LIBSRC))
UNIT = $(patsubst tests/unit/%.c,build/unit/%,$(sort $(wildcard tests/unit/*_test.c))) \
       $(patsubst tests/schedules/%.c,build/unit/%,$(sort $(wildcard tests/schedules/*.c)))

all: build/berth

build/berth: $(OBJ) build/obj/compiler/main.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

build/berth-asan: $(ASAN_OBJ) build/asan/compiler/main.o
	$(CC) $(SANITIZE) -o $@ $^ $(LDLIBS)

build/obj/%.o: %.c | $(GEN) build/gen/berth.tab.h
	@mkdir -p $(@D)
	$(CC) $(BASEFLAGS) $(CFLAGS) $(WARN) $(WERROR) -c -o $@ $<

build/asan/%.o: %.c | $(GEN) build/gen/berth.tab.h
	@mkdir -p $(@D)
	$(CC) $(BASEFLAGS) $(SANITIZE) $(WARN) $(WERROR) -c -o $@ $<

build/gen/berth.tab.h: build/gen/berth.tab.c ;
build/gen/berth.tab.c: grammar/berth.y grammar/keywords.def
	@mkdir -p build/gen
	bison -Werror -d -o build/gen/berth.tab.c grammar/berth.y

build/gen/berth.lex.c: grammar/berth.l build/gen/berth.tab.h
	flex -o $@ grammar/berth.l

build/gen/stdlib.c: $(sort $(wildcard stdlib/*.berth)) stdlib/embed.sh
	@mkdir -p build/gen
	sh stdlib/embed.sh modules $(sort $(wildcard stdlib/*.berth)) > $@.tmp
	mv $@.tmp $@

build/gen/deploy.c: compiler/emit/deploy.sh stdlib/embed.sh
	@mkdir -p build/gen
	sh stdlib/embed.sh text deploy_script compiler/emit/deploy.sh > $@.tmp
	mv $@.tmp $@

build/unit/%: tests/unit/%.c $(ASAN_OBJ)
	@mkdir -p $(@D)
	$(CC) $(BASEFLAGS) $(SANITIZE) $(WARN) -Itests/unit -o $@ $< $(ASAN_OBJ) $(LDLIBS)

build/unit/%: tests/schedules/%.c $(OBJ)
	@mkdir -p $(@D)
	$(CC) $(BASEFLAGS) $(CFLAGS) $(WARN) -o $@ $< $(OBJ) $(LDLIBS)

# every test, with AddressSanitizer and UBSan
check: build/berth build/berth-asan $(UNIT) layers
	sh tests/run.sh

# includes go one way only
layers:
	sh tests/layers.sh

# the real tools; installs what it needs by name, prints what it skips
conformance: build/berth
	sh tests/conformance/run.sh

bench: build/berth
	sh tests/bench/run.sh

# every allocation failing in turn
build/berth-oom: $(ASAN_OBJ) build/asan/compiler/main.o tests/oom/oom.c
	$(CC) $(BASEFLAGS) $(SANITIZE) -o $@ $^ -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup -Wl,-Bstatic $(LDLIBS) -Wl,-Bdynamic

# libFuzzer over the whole front end: make fuzz SECONDS=60
SECONDS = 60
build/fuzz: $(LIBSRC) tests/fuzz/fuzz.c
	@mkdir -p build
	clang $(BASEFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined -Wno-everything -o $@ $(LIBSRC) tests/fuzz/fuzz.c $(LDLIBS)
fuzz: build/fuzz
	sh tests/fuzz/run.sh $(SECONDS)

format:
	clang-format -i compiler/*/*.c compiler/*/*.h compiler/main.c include/berth/*.h

install: build/berth
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 build/berth $(DESTDIR)$(PREFIX)/bin/berth
	build/berth man > $(DESTDIR)$(PREFIX)/share/man/man1/berth.1
	build/berth completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/berth
	build/berth completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_berth
	build/berth completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/berth.fish

# a tarball that builds without flex and bison: the generated files go along, newer than their sources
dist: $(GEN) build/gen/berth.tab.h
	rm -rf build/dist && mkdir -p build/dist/berth-$(VERSION)
	git ls-files | tar -cf - -T - | tar -xf - -C build/dist/berth-$(VERSION)
	mkdir -p build/dist/berth-$(VERSION)/build/gen
	cp $(GEN) build/gen/berth.tab.h build/dist/berth-$(VERSION)/build/gen/
	touch build/dist/berth-$(VERSION)/build/gen/*
	tar -czf build/berth-$(VERSION).tar.gz -C build/dist berth-$(VERSION)

# one file without shared libraries
static:
	$(MAKE) build/berth LDFLAGS=-static

clean:
	rm -rf build

.PHONY: all check layers conformance bench fuzz format install dist static clean
.SECONDARY:
-include $(OBJ:.o=.d) $(ASAN_OBJ:.o=.d) build/obj/compiler/main.d build/asan/compiler/main.d
