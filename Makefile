# A file is found by its folder and its name: src/FLOOR/*.c is the library; chapters/ch*.c,
# tests/test_*.c, tools/*.c and bench/*.c are programs. `make help` lists the targets.

MODE    ?= release
CC      ?= cc
CFLAGS  ?= -O3 -g
WARN    ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
THREADS ?= -pthread
ARCH    ?= -march=native

# build/ for the plain build; each other MODE and compiler has a folder of its own.
ifeq ($(MODE),release)
B := build
else ifeq ($(MODE),asan)
B := build/asan
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
$(error MODE is '$(MODE)'; it can be release or asan)
endif

# Of the shared library only the public headers are visible. No path of a build is in its bytes.
SHARED := -fPIC -fvisibility=hidden -fno-semantic-interposition
PATHS  := '-ffile-prefix-map=$(CURDIR)=.' '-ffile-prefix-map=$(B)/=build/'
FOUND  := $(shell pkg-config --cflags gsl cmocka jansson libpng 2> /dev/null)
BASE    = -std=c11 -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc $(FOUND) $(WARN) $(THREADS) $(SAN) \
          $(SHARED) $(PATHS) -fno-math-errno -MMD -MP $(CPPFLAGS) $(CFLAGS)
# Strict C11 without fused multiply-adds for the proofs, the same bits with any ARCH; all the machine
# has for the float build.
PROOF   = $(BASE) $(ARCH) -ffp-contract=off
SPEED   = $(BASE) -DNF_FLOAT -O3 $(ARCH) -ffp-contract=fast
LIBS    = -ljansson -lpng -lz -lm
GSL    := $(shell pkg-config --libs gsl 2> /dev/null)

FLOORS   := $(shell grep -v '^\#' src/LAYERS)
library  := $(foreach f,$(filter-out verify,$(FLOORS)),$(sort $(wildcard src/$(f)/*.c))) embedded.c
verify   := $(sort $(wildcard src/verify/*.c))
chapters := $(patsubst %.c,$(B)/%,$(sort $(wildcard chapters/ch[0-9]*.c)))
benches  := $(patsubst %.c,$(B)/%,$(filter-out bench/bench.c,$(sort $(wildcard bench/*.c))))
tests    := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/test_*.c)))
scripts  := $(sort $(wildcard tests/test_*.sh))
helpers  := $(filter-out tests/test_% tests/fuzz_% tests/mutants.c tests/float_% tests/verify.c,$(sort $(wildcard tests/*.c)))
sources  := $(wildcard include/nf/*.h $(foreach d,src/* chapters tests tools bench plots examples,$d/*.[ch]))

# One short line a step; make V=1 shows the commands.
step = $(if $(V),,@printf '  %-4s %s\n' $(1) '$@'; )mkdir -p $(@D) && 

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run check check-full bench bench-peers golden install uninstall clean help format lint

all: $(B)/libnf.a $(B)/libnf.so $(B)/libnf32.a $(B)/libnf32.so $(chapters) $(B)/nf

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile
#: ./setup          install what is missing (Debian, Ubuntu), or name it
#: make             build the libraries, the chapters and build/nf; make nf-mpi: build/nf-mpi for mpirun
#: make run         run every chapter, in order
#: make check       build and run all tests
#: make check-full  the same, the determinant of a flow at d = 3072, the slow commands
#: make verify      one page: every layer, every oracle, the largest error
#: make mutants     plant the bugs of the field one by one, and list the tests that find each
#: make fuzz        libFuzzer on every reader; make coverage counts the lines tested
#: make bench       speed; make bench-peers compares it with PyTorch's
#: make plots       draw the figures into build/plots, as PNG and SVG
#: make film        two moons being learned, as build/plots/film.gif
#: make book        the notes as HTML, one file each, into build/book; as PDF with Chromium
#: make golden CH=02        show how chapter 2 differs from its golden file; ACCEPT=1 writes it
#: make install     into prefix=/usr/local, libdir=PREFIX/lib, below DESTDIR; make uninstall
#: make format      clang-format everything; make lint only looks
#: make clean       remove build/
#: settings         MODE=asan (Address- and UBSanitizer), CC=clang, CFLAGS=…, WERROR=1, ARCH=, V=1

# --- the library, twice from one source, each static and shared -----------------------------
$(B)/libnf.a   $(B)/libnf.so:   $(library:%.c=$(B)/double/%.o)
$(B)/libnf32.a $(B)/libnf32.so: $(library:%.c=$(B)/float/%.o)
$(B)/libverify.a: $(verify:%.c=$(B)/double/%.o)
$(B)/libtests.a: $(helpers:%.c=$(B)/double/%.o)
$(B)/%.a:
	$(call step,AR)rm -f $@ && $(AR) qcs $@ $^
$(B)/%.so:
	$(call step,LINK)$(CC) -shared -Wl,-soname,$(@F).0 $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# Of a source in the tree, or made in $(B): the embedded images, the planted bugs.
compile = $(call step,CC)$(CC) $(1) -c $< -o $@
$(B)/double/%.o: %.c;      $(call compile,$(PROOF))
$(B)/double/%.o: $(B)/%.c; $(call compile,$(PROOF))
$(B)/float/%.o: %.c;       $(call compile,$(SPEED))
$(B)/float/%.o: $(B)/%.c;  $(call compile,$(SPEED))
$(B)/embedded.c: data/embed.sh data/digits.csv.gz data/icons32.bin.gz
	$(call step,DATA)sh $^ > $@

# --- programs: what each is made of, then one recipe ----------------------------------------
chapter_support := $(patsubst %.c,$(B)/double/%.o,$(wildcard chapters/chapter*.c))
$(chapters): $(B)/%: $(B)/double/%.o $(chapter_support) $(B)/libverify.a $(B)/libnf.a
$(chapters): private LIBS += $(GSL)
$(tests): $(B)/%: $(B)/double/%.o $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
$(tests): private LIBS += -lcmocka $(GSL)
$(benches): $(B)/%: $(B)/float/%.o $(B)/float/bench/bench.o $(B)/libnf32.a
$(benches): private LIBS += -lgsl $(shell pkg-config --libs openblas 2> /dev/null)
$(B)/float/bench/bench.o: private CPPFLAGS += $(shell pkg-config --cflags openblas 2> /dev/null)

# The command line runs in float, on one process or on those that mpirun starts.
nf_parts := $(patsubst %.c,$(B)/float/%.o,$(filter-out %ranks_one.c %ranks_mpi.c,$(sort $(wildcard tools/*.c))) \
              $(wildcard $(addprefix src/verify/,trace.c slopes.c determinant.c)))
nf_ranks  = $(patsubst %.c,$(B)/float/%.o,$(wildcard tools/*ranks_$(1).c))
$(B)/nf: $(nf_parts) $(call nf_ranks,one) $(B)/libnf32.a
$(B)/nf-mpi: $(nf_parts) $(call nf_ranks,mpi) $(B)/libnf32.a
$(B)/nf-mpi: private LIBS += $(shell pkg-config --libs ompi-c 2> /dev/null)
$(call nf_ranks,mpi): private CPPFLAGS += $(shell pkg-config --cflags ompi-c 2> /dev/null)
.PHONY: nf nf-mpi
nf nf-mpi: %: $(B)/%

programs := $(chapters) $(tests) $(benches) $(B)/nf $(B)/nf-mpi
include $(wildcard tests/*.mk plots/*.mk book/*.mk)
$(programs):
	$(call step,LINK)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -o $@

# --- what is done with them -----------------------------------------------------------------
run: $(chapters) $(B)/nf
	@for c in $(chapters); do $$c || exit; done

check: export B := $(B)
check: all $(tests)
	@sh tests/run.sh $(tests) $(scripts)

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

golden: $(chapters)
	@B=$(B) sh golden/update.sh '$(CH)' '$(ACCEPT)'

format:
	@clang-format -i $(sources)
lint:
	@clang-format --dry-run -Werror $(sources)

# What these say is in tools/install.sh, and what tests/test_install.sh builds is built alike.
export prefix libdir DESTDIR CC CFLAGS ARCH MODE SAN
install: $(B)/libnf.a $(B)/libnf.so $(B)/libnf32.a $(B)/libnf32.so $(B)/nf
install uninstall:
	@CC='$(CC)' B='$(B)' sh tools/install.sh $@

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2> /dev/null)
