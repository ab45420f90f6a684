# The suite in one page. A file is found by its folder and its name: src/<floor>/*.c is the
# library, chapters/ch*.c, tests/test_*.c, tools/*.c and bench/*.c are programs. `make help` lists
# the targets.

MODE    ?= release
CC      ?= cc
CFLAGS  ?= -O3 -g
WARN    ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
THREADS ?= -pthread
ARCH    ?= -march=native
prefix  ?= /usr/local
DESTDIR ?=
version := 0.1.0

# build/ for the plain build; each other MODE and compiler family has a folder of its own.
ifeq ($(MODE),release)
B := build
else ifeq ($(MODE),asan)
B := build/asan
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
$(error MODE is '$(MODE)'; it can be release or asan)
endif

# Strict C11 without fused multiply-adds for the proofs, the same bits with any ARCH; all the machine
# has for the float build.
BASE   = -std=c11 -D_POSIX_C_SOURCE=200809L -Isrc $(shell pkg-config --cflags openblas gsl cmocka 2>/dev/null) \
         $(WARN) $(THREADS) $(SAN) -fno-math-errno -MMD -MP $(CPPFLAGS) $(CFLAGS)
PROOF  = $(BASE) $(ARCH) -ffp-contract=off
SPEED  = $(BASE) -DNF_FLOAT -O3 $(ARCH) -ffp-contract=fast
LIBS   = $(shell pkg-config --libs-only-L gsl openblas 2>/dev/null) -lgsl -lopenblas -ljansson -lpng -lz -lm

FLOORS   := $(shell sed '/^\#/d' src/LAYERS)
src      := $(foreach f,$(filter-out verify,$(FLOORS)),$(sort $(wildcard src/$(f)/*.c)))
verify   := $(sort $(wildcard src/verify/*.c))
chapters := $(patsubst chapters/%.c,$(B)/chapters/%,$(sort $(wildcard chapters/ch[0-9]*.c)))
benches  := $(patsubst bench/%.c,$(B)/bench/%,$(filter-out bench/bench.c,$(sort $(wildcard bench/*.c))))
tests    := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/test_*.c)))
helpers  := $(filter-out tests/test_% tests/fuzz_% tests/mutants% tests/float_% tests/verify.c,$(sort $(wildcard tests/*.c)))
sources  := $(wildcard src/*/*.[ch] chapters/*.[ch] tests/*.[ch] tools/*.[ch] bench/*.[ch] plots/*.[ch])

# One short line a step; make V=1 shows the commands.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) '$(2)'; )

.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all run check check-full bench bench-peers plots golden install clean help format lint floors

all: $(B)/libnf.a $(B)/libnf32.a $(chapters) $(if $(wildcard tools/nf.c),$(B)/nf)

help:
	@echo './setup          install what is missing (Debian, Ubuntu), or name it'
	@echo 'make             build the libraries and the chapters'
	@echo 'make run         build the chapters and build/nf, and run the chapters in order'
	@echo 'make check       build and run all tests'
	@echo 'make check-full  the same, the whole determinant of a flow at d = 3072, the slow commands'
	@echo 'make verify      one page: every layer, every oracle, the worst error'
	@echo 'make mutants     plant the bugs of the field one by one, and see who catches them'
	@echo 'make fuzz        libFuzzer on every reader; make coverage counts the lines tested'
	@echo 'make bench       speed; make bench-peers compares it with PyTorch'"'"'s'
	@echo 'make plots       draw the figures into build/plots, as PNG and SVG'
	@echo 'make film        two moons being learned, as build/plots/film.gif'
	@echo 'make book        the notes as HTML, one file each, into build/book; as PDF with Chromium'
	@echo 'make golden CH=02        show how chapter 2 differs from its golden file; ACCEPT=1 writes it'
	@echo 'make install     into $$(DESTDIR)$$(prefix)  [$(DESTDIR)$(prefix)]'
	@echo 'make format      clang-format everything; make lint only looks'
	@echo 'make clean       remove build/'
	@echo 'settings         MODE=asan (Address- and UBSanitizer), CC=clang, CFLAGS=…, WERROR=1, ARCH=,'
	@echo '                 MPI=1 (nf train under mpirun)'

# --- the library, twice from one source ---------------------------------------------------
$(B)/libnf.a: $(src:%.c=$(B)/double/%.o) $(B)/double/embedded.o
$(B)/libnf32.a: $(src:%.c=$(B)/float/%.o) $(B)/float/embedded.o
$(B)/libverify.a: $(verify:%.c=$(B)/double/%.o)
$(B)/libtests.a: $(helpers:%.c=$(B)/double/%.o)
$(B)/%.a:
	@rm -f $@
	$(call say,AR,$@)$(AR) qcs $@ $^

$(B)/double/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROOF) -c $< -o $@
$(B)/float/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SPEED) -c $< -o $@

# The embedded images, as C arrays.
$(B)/double/embedded.o $(B)/float/embedded.o: $(B)/embedded.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=c11 $(CFLAGS) -c $< -o $@
$(B)/embedded.c: data/embed.sh data/digits.csv.gz data/icons32.bin.gz
	@mkdir -p $(@D)
	@sh data/embed.sh data/digits.csv.gz data/icons32.bin.gz > $@

# --- programs -----------------------------------------------------------------------------
voice := $(patsubst %.c,$(B)/double/%.o,$(wildcard chapters/chapter*.c))
$(B)/chapters/%: $(B)/double/chapters/%.o $(voice) $(B)/libverify.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@
$(B)/tests/%: $(B)/double/tests/%.o $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ -lcmocka -lmpfr -lgmp $(LIBS) -o $@

# The command line and the benchmarks run in float.
nf_parts := $(patsubst tools/%.c,$(B)/float/tools/%.o,$(filter-out %nf_ranks_mpi.c %nf_ranks_one.c,$(sort $(wildcard tools/nf*.c))))
nf_parts += $(patsubst %,$(B)/float/src/verify/%.o,trace slopes determinant)

# With MPI=1, nf train runs on as many processes as mpirun starts. A file says which of the two
# $(B)/nf is, so that it is linked again for the other.
ranks := $(if $(MPI),mpi,one)
$(B)/nf: $(nf_parts) $(B)/float/tools/nf_ranks_$(ranks).o $(B)/libnf32.a $(B)/nf.$(ranks)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $(filter-out $(B)/nf.%,$^) $(LIBS) \
	  $(if $(MPI),$(mpi_libs)) -o $@
.PHONY: $(if $(wildcard $(B)/nf.$(ranks)),,$(B)/nf.$(ranks))
$(B)/nf.$(ranks):
	@mkdir -p $(@D)
	@rm -f $(B)/nf.one $(B)/nf.mpi
	@touch $@
mpi_libs = $(shell pkg-config --libs ompi-c)
$(B)/float/tools/nf_ranks_mpi.o: override CPPFLAGS += $(shell pkg-config --cflags ompi-c 2> /dev/null)

$(B)/bench/%: $(B)/float/bench/%.o $(B)/float/bench/bench.o $(B)/libnf32.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

run: $(chapters) $(B)/nf
	@for c in $(chapters); do $$c || exit; done

check: $(tests) $(chapters) $(B)/nf floors
	@B=$(B) sh tests/run.sh $(tests)

# The whole determinant at d = 3072, three ways, and the commands of the notes that take minutes.
check-full: check
	@FULL=1 B=$(B) sh tests/run.sh $(B)/tests/test_notes_commands
	@$(B)/chapters/ch07_cost_of_the_jacobian --side 32

# Speed, as ratios measured in one run with nothing else running.
bench: $(benches)
	@for b in $(filter-out %/growth,$(benches)); do echo "# $$b"; $$b || exit; done
	@mkdir -p $(B)/plots
	@echo '# $(B)/bench/growth'; $(B)/bench/growth > $(B)/bench/growth.csv && cat $(B)/bench/growth.csv
	@gnuplot -e "data = '$(B)/bench/growth.csv'; picture = '$(B)/plots/bench_growth.png'" \
	  plots/style.gp bench/growth.gp
bench-peers: $(B)/bench/image_flow $(B)/bench/flow2d
	@B=$(B) /usr/bin/python3 -B bench/peers.py

# Each floor includes only floors below it.
floors:
	@awk -f tests/floors.awk src/LAYERS $(wildcard src/*/*.[ch])

golden: $(chapters)
	@B=$(B) sh golden/update.sh '$(CH)' '$(ACCEPT)'

format:
	@clang-format -i $(sources)
lint:
	@clang-format --dry-run -Werror $(sources)

install: $(B)/libnf.a $(B)/libnf32.a
	install -d $(DESTDIR)$(prefix)/lib/pkgconfig
	install -m 644 $(B)/libnf.a $(B)/libnf32.a $(DESTDIR)$(prefix)/lib
	for f in $(filter-out verify,$(FLOORS)); do install -d $(DESTDIR)$(prefix)/include/nf/$$f && \
	  install -m 644 src/$$f/*.h $(DESTDIR)$(prefix)/include/nf/$$f || exit; done
	install -m 644 src/nf.h $(DESTDIR)$(prefix)/include/nf
	for v in nf nf32; do sed -e 's|@prefix@|$(prefix)|; s|@version@|$(version)|; s|@name@|'$$v'|' \
	  -e "s|@define@|$$(test $$v = nf || echo ' -DNF_FLOAT')|" tools/nf.pc.in \
	  > $(DESTDIR)$(prefix)/lib/pkgconfig/$$v.pc || exit; done

clean:
	rm -rf build

include $(wildcard tests/*.mk plots/*.mk book/*.mk)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
