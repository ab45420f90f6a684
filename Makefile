# A file is found by its folder and its name: src/FLOOR/*.c is the library; chapters/ch*.c,
# tests/test_*.c, tools/*.c and bench/*.c are programs. `make help` lists the targets.
#
#: ./setup           install what is missing (Debian, Ubuntu), or name it
#: make              build the libraries, the chapters and build/nf; make nf-mpi: nf for mpirun
#: make run          run every chapter, in order
#: make check        build and run all tests
#: make check-full   the same, the determinant of a flow at d = 3072, the slow commands
#: make check-arm64  the tests in C on 64-bit ARM, in qemu; first ./setup cross
#: make proofs       prove the equations of the notes; make misprints signs shows that errors are found
#: make exact        compute golden/exact.txt again, by ball arithmetic
#: make verify       one page: every layer, every oracle, the largest error
#: make mutants      plant common bugs one by one, until a test finds each; ALL=1 lists all that do
#: make fuzz         libFuzzer on every reader; make coverage counts the lines tested
#: make bench        speed; make bench-peers compares it with PyTorch's
#: make plots        the figures, as PNG and SVG; make film: two moons being learned, as GIF
#: make densities    the toy densities by five models, in one figure: 20 minutes of training
#: make book         the notes as HTML, one file each, into build/book; as PDF with Chromium
#: make web          one page that runs the library in a browser, build/web/index.html; make check-web
#: make flows        train the flows in data/flows again, and compare them
#: make golden CH=02 show how chapter 2 differs from its golden file; ACCEPT=1 writes it
#: make install      into prefix=/usr/local, libdir=PREFIX/lib, below DESTDIR; make uninstall
#: make format       clang-format everything; make lint only looks; make clean removes build/
#: settings          MODE=asan (Address- and UBSanitizer), CC=clang, CFLAGS=…, WERROR=1, ARCH=, V=1

MODE    ?= release
CC      ?= cc
CFLAGS  ?= -O3 -g
WARN    ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
THREADS ?= -pthread
NATIVE  := $(shell $(CC) -march=native -E -x c /dev/null > /dev/null 2>&1 && echo -march=native)
ARCH    ?= $(NATIVE)
# build/ for the plain build; MODE=asan has a folder of its own, and so should another compiler.
B-release := build
B-asan    := build/asan
B := $(or $(B-$(MODE)),$(error MODE is '$(MODE)'; it can be release or asan))
SAN-asan  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN := $(SAN-$(MODE))
# What tools/install.sh reads, and what tests/test_install.sh builds with.
export prefix libdir DESTDIR CC CFLAGS ARCH MODE SAN

# Of the shared library only the public headers are visible. No path of a build is in its bytes.
SHARED := -fPIC -fvisibility=hidden -fno-semantic-interposition
PATHS  := '-ffile-prefix-map=$(CURDIR)=.' '-ffile-prefix-map=$(B)/=build/'
FOUND  := $(shell pkg-config --cflags gsl cmocka jansson libpng libjpeg 2> /dev/null)
# POSIX; macOS and the BSDs hide _SC_NPROCESSORS_ONLN and mkdtemp from those who ask for it alone.
SYSTEM := -D_POSIX_C_SOURCE=200809L -D_DARWIN_C_SOURCE -D__BSD_VISIBLE=1 -D_NETBSD_SOURCE
BASE    = -std=c11 $(SYSTEM) -Iinclude -Isrc $(FOUND) $(WARN) $(THREADS) $(SAN) \
          $(SHARED) $(PATHS) -fno-math-errno -MMD -MP $(ARCH)
# Strict C11 without fused multiply-adds for the proofs, the same bits with any ARCH; all that the
# machine has for the float build. The user's flags come last.
PROOF   = $(BASE) -ffp-contract=off $(CPPFLAGS) $(CFLAGS)
SPEED   = $(BASE) -ffp-contract=fast -DNF_FLOAT $(CPPFLAGS) $(CFLAGS)
LIBS    = -ljansson -lpng -ljpeg -lz -lm
GSL    := $(shell pkg-config --libs gsl 2> /dev/null)
# Ball arithmetic: Arb is a part of FLINT since version 3, before that Debian's libflint-arb.
includes = $(shell printf '\043include <$(1)>' | $(CC) $(CPPFLAGS) -E -x c - > /dev/null 2>&1 && echo yes)
ARB    := $(if $(call includes,flint/arb.h),-lflint,$(if $(call includes,arb.h),-lflint-arb -lflint))
BLAS   := -lgsl $(shell pkg-config --libs openblas 2> /dev/null)

sorted    = $(sort $(wildcard $(1)))
FLOORS   := $(shell sed '/^\#/d' src/LAYERS)
library  := $(foreach f,$(filter-out verify,$(FLOORS)),$(call sorted,src/$(f)/*.c)) embedded.c
chapters := $(patsubst %.c,$(B)/%,$(call sorted,chapters/ch[0-9]*.c))
tests    := $(patsubst %.c,$(B)/%,$(call sorted,tests/test_*.c))
scripts  := $(call sorted,tests/cli/*.txt tests/test_*.sh)
helpers  := examples/sinh_arcsinh.c $(filter-out tests/test_% tests/fuzz_% tests/float_% \
              tests/mutants.c tests/verify.c,$(call sorted,tests/*.c))
sources  := $(wildcard $(addsuffix /*.[ch],include/nf src/* chapters examples tests tools bench plots proofs))

# ARCH= on x86-64 with glibc: the files with the hot loops are compiled for three kinds of processor, and
# src/core/dispatch.c for each, to choose among them when the library is loaded.
hot      := $(addprefix src/,core/gemm core/vector core/normals nets/conv3x3 nets/winograd nets/dense nets/columns)
kinds    := sse2 avx2 avx512
avx2     := -mavx2 -mfma
avx512   := $(avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
X86      := $(filter 2,$(shell $(CC) -include stdlib.h -dM -E -x c /dev/null 2> /dev/null | \
              grep -c -e '__x86_64__ ' -e ' __GLIBC__ '))
defined   = $(sort $(shell sed -n '/^static/d; s/^[a-z].*[ *]\(nf_[a-z0-9_]*\)(.*)*/\1/p' $(1:%=%.c)))
hot_versions := $(foreach k,$(kinds) dispatch,$(hot:%=%.$(k)))
any_x86  := $(if $(strip $(ARCH)),,$(X86))
objects  := $(filter-out $(if $(any_x86),$(hot)),$(library:%.c=%)) $(if $(any_x86),$(hot_versions))

# One short line a step; make V=1 shows the commands.
step = $(if $(V),,@printf '  %-4s %s\n' $(1) '$@'; )mkdir -p $(@D) && 

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help nf-mpi run check check-full golden install uninstall format lint clean
installed := $(addprefix $(B)/,libnf.a libnf.so libnf32.a libnf32.so nf)
all: $(installed) $(chapters)
help:
	@sed -n 's/^#: //p' Makefile

# --- the library, twice from one source, each static and shared -----------------------------
$(B)/libnf.a   $(B)/libnf.so:   $(objects:%=$(B)/double/%.o)
$(B)/libnf32.a $(B)/libnf32.so: $(objects:%=$(B)/float/%.o)
$(B)/libverify.a: $(patsubst %.c,$(B)/double/%.o,$(call sorted,src/verify/*.c))
$(B)/libtests.a: $(helpers:%.c=$(B)/double/%.o)
$(B)/%.a:
	$(call step,AR)rm -f $@ && $(AR) qcs $@ $^
DARWIN  := $(filter Darwin,$(shell uname))
$(B)/%.so: private LIBS += -shared -Wl,$(if $(DARWIN),-install_name,-soname),$(@F).0

# Of a source in the tree, or made in $(B): the embedded images, the planted bugs.
compile = $(call step,CC)$(CC) $(1) -c $< -o $@
$(B)/double/%.o: %.c;      $(call compile,$(PROOF))
$(B)/double/%.o: $(B)/%.c; $(call compile,$(PROOF))
$(B)/float/%.o: %.c;       $(call compile,$(SPEED))
$(B)/float/%.o: $(B)/%.c;  $(call compile,$(SPEED))
define kind # its own flags in place of ARCH, and its own names
$(B)/%.$(1).o: private override ARCH := $($(1))
$(B)/double/%.$(1).o: %.c; $$(call compile,$$(PROOF) $$(foreach f,$$(call defined,$(hot) bench/peak_run),-D$$(f)=$$(f)_$(1)))
$(B)/float/%.$(1).o:  %.c; $$(call compile,$$(SPEED) $$(foreach f,$$(call defined,$(hot) bench/peak_run),-D$$(f)=$$(f)_$(1)))
endef
$(foreach k,$(kinds),$(eval $(call kind,$(k))))
dispatch = -include $*.h '-DNF_DISPATCHED=$(patsubst %,DISPATCH(%),$(call defined,$*))'
$(B)/double/%.dispatch.o: src/core/dispatch.c %.c %.h; $(call compile,$(PROOF) $(dispatch))
$(B)/float/%.dispatch.o:  src/core/dispatch.c %.c %.h; $(call compile,$(SPEED) $(dispatch))
$(B)/embedded.c: data/embed.sh data/digits.csv.gz data/icons32.bin.gz
	$(call step,DATA)sh $< nf_digits_gz $(word 2,$^) nf_icons_gz $(word 3,$^) > $@
$(B)/embedded_flow.c: data/embed.sh data/flows/icons.safetensors
	$(call step,DATA)sh $< icons_flow $(word 2,$^) > $@

# --- programs: what each is made of, then one recipe ----------------------------------------
chapter_support := $(patsubst %.c,$(B)/double/%.o,$(wildcard chapters/chapter*.c) exact_table.c)
$(chapters): $(B)/%: $(B)/double/%.o $(chapter_support) $(B)/libverify.a $(B)/libnf.a
$(B)/chapters/ch08_multiscale_image_flow: $(B)/double/embedded_flow.o
# One CBLAS a program: GSL's own, or OpenBLAS where time is measured (chapter 7: LU of 3072×3072).
$(chapters): private LIBS += $(if $(filter %/ch07_cost_of_the_jacobian,$@),$(BLAS),$(GSL))
$(tests) $(B)/tests/verify: $(B)/%: $(B)/double/%.o $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
$(tests) $(B)/tests/verify: private LIBS += -lcmocka $(GSL)

# The command line runs in float, on one process or on those that mpirun starts.
float  = $(patsubst %.c,$(B)/float/%.o,$(call sorted,$(1)))
parts := $(filter-out %ranks_one.o %ranks_mpi.o,$(call float,tools/*.c \
           $(addprefix src/verify/,trace.c log_det_fd.c)))
$(B)/nf:     $(parts) $(call float,tools/*ranks_one.c) $(B)/libnf32.a
$(B)/nf-mpi: $(parts) $(call float,tools/*ranks_mpi.c) $(B)/libnf32.a
$(B)/nf-mpi: private LIBS += $(shell pkg-config --libs ompi-c 2> /dev/null)
$(B)/float/tools/%_mpi.o: private CPPFLAGS += $(shell pkg-config --cflags ompi-c 2> /dev/null)
nf-mpi: $(B)/nf-mpi

programs := $(chapters) $(tests) $(B)/tests/verify $(B)/nf $(B)/nf-mpi $(B)/libnf.so $(B)/libnf32.so
include $(wildcard */rules.mk)
$(programs): # archives twice, since one needs another in front of it
	$(call step,LINK)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) \
	  $(filter %.a,$^) $(filter %.a,$^) $(LIBS) -o $@

# --- what is done with them -----------------------------------------------------------------
run: $(chapters) $(B)/nf
	@for c in $(chapters); do $$c || exit; done
check: all $(tests)
	@B=$(B) sh tests/run.sh $(tests) $(scripts)
check-full: check
	@FULL=1 B=$(B) sh tests/run.sh tests/test_documents_commands.sh
	@$(B)/chapters/ch07_cost_of_the_jacobian --side 32
golden: $(chapters)
	@B=$(B) sh golden/update.sh '$(CH)' '$(ACCEPT)'
install: $(installed)
install uninstall:
	@B=$(B) sh tools/install.sh $@
format:
	@clang-format -i $(sources)
lint:
	@clang-format --dry-run -Werror $(sources)
clean:
	rm -rf build

-include $(shell find $(B) -type f -name '*.d' 2> /dev/null)
