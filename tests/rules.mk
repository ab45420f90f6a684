# Tests that are more than a program of their own: allocations that fail (tests/memory.h), also those of
# zlib, libpng and libjpeg where there are archives of them, and so linked as ours are; 50 digits, float
# (tests/depth.h), what chapters share, two ranks where Open MPI is installed, the page of all errors. The layer of
# examples/sinh_arcsinh.c is in the catalogue; that program's own main is not wanted there.
comma   := ,
wrapped := malloc calloc realloc free nf_arena_alloc nf_arena_alloc_double nf_arena_alloc_bytes
archive  = $(or $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l$(1))
$(B)/tests/test_allocation: private LIBS := -lcmocka -ljansson $(foreach l,png jpeg z,$(call archive,$(l))) \
    -lm $(wrapped:%=-Wl$(comma)--wrap=%)
ifdef DARWIN # its linker has no --wrap
tests := $(filter-out %/test_allocation,$(tests))
check: left-out
left-out:; @echo 'test_allocation is left out: this linker has no --wrap'
endif
with_mpfr := $(patsubst tests/%.c,%,$(shell grep -l mpfr.h tests/test_*.c))
$(with_mpfr:%=$(B)/tests/%) $(with_mpfr:%=$(B)/mutants/%): private LIBS += -lmpfr -lgmp
$(B)/tests/test_rounding: $(chapter_support)
# Enclosures need Arb (proofs/rules.mk).
tests := $(filter-out $(if $(ARB),,%/test_enclosures),$(tests))
$(B)/tests/test_enclosures: $(B)/libballs.a | $(B)/proofs/float_deep
$(B)/tests/test_enclosures: private LIBS += $(ARB)
$(B)/double/examples/%.o $(B)/float/examples/%.o: private CPPFLAGS += -Dmain=example_main
$(B)/tests/float_depth: $(call float,$(addprefix tests/,float_depth.c depth.c catalogue.c catalogue_values.c) \
    examples/sinh_arcsinh.c) $(B)/libnf32.a
$(B)/tests/test_depth $(B)/tests/verify: | $(B)/tests/float_depth
float_tests := $(addprefix $(B)/tests/float_,extremes random $(if $(X86),dispatch))
$(float_tests): $(B)/tests/float_%: $(B)/float/tests/test_%.o $(B)/float/tests/check.o $(B)/libnf32.a
$(float_tests): private LIBS += -lcmocka
tests += $(float_tests)
# The hot loops for every kind of x86-64, whatever ARCH says.
tests := $(filter-out $(if $(X86),,%/test_dispatch),$(tests))
$(B)/tests/test_dispatch: $(hot_versions:%=$(B)/double/%.o)
$(B)/tests/float_dispatch: $(hot_versions:%=$(B)/float/%.o)
check: $(shell command -v mpirun > /dev/null && pkg-config --exists ompi-c && echo $(B)/nf-mpi)
.PHONY: verify fuzz coverage mutants check-arm64 check-build left-out
check-arm64:
	@sh tests/arm64.sh
check-build: all $(tests)
verify: $(B)/tests/verify
	@$<

# --- any bytes (tests/fuzz.h): make check replays tests/fuzz/NAME through every target, in one program,
# where the targets' common entry point has a name each. make fuzz lets libFuzzer look for more, SECONDS
# of time a target. What breaks a target is written to build/fuzz, and belongs into tests/fuzz/NAME.
SECONDS ?= 60
targets := $(patsubst tests/fuzz_%.c,%,$(call sorted,tests/fuzz_*.c))
$(B)/libcli.a: $(patsubst %.c,$(B)/double/%.o,$(filter-out %/nf.c %_mpi.c,$(call sorted,tools/*.c)))
$(B)/double/tests/replay_%.o: tests/fuzz_%.c
	$(call compile,$(PROOF) -DLLVMFuzzerTestOneInput=fuzz_$*)
$(B)/tests/test_corpus: $(targets:%=$(B)/double/tests/replay_%.o) $(B)/libcli.a
$(targets:%=$(B)/fuzz_%): $(B)/fuzz_%: $(B)/double/tests/fuzz_%.o $(addprefix $(B)/lib,tests.a cli.a nf.a)
$(targets:%=$(B)/fuzz_%): private LIBS += -lcmocka
fuzz: $(targets:%=fuzz-%)
.PHONY: $(targets:%=fuzz-%)
$(targets:%=fuzz-%): fuzz-%:
	@LDFLAGS=-fsanitize=fuzzer $(MAKE) --no-print-directory B=build/fuzz CC=clang WARN=-w build/fuzz/fuzz_$* \
	  CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@mkdir -p build/fuzz/corpus/$* && printf '\n%s\n' '$*: $(SECONDS) s'
	@cd build/fuzz && ./fuzz_$* -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=3000 \
	  -print_final_stats=1 -verbosity=0 -artifact_prefix=$*- corpus/$* ../../tests/fuzz/$*

# --- the lines of the double build that the tests run
coverage:
	@sh tests/coverage.sh build/coverage

# --- the bugs of tests/bugs.txt, planted in copies of the library and of nf, where NF_BUG chooses one. The
# tests that run the library in their own process run with each, and those that run nf with those of the
# pipeline, until one fails (tests/mutants.sh): a minute on 2 cores. ALL=1 runs all, for the table of
# docs/planted-bugs.md: ten minutes. BUG='NAME…' takes these bugs alone.
planted  := $(shell awk '$$1 == "file" { print $$2 }' tests/bugs.txt | sort -u)
plants   := $(patsubst %.c,$(B)/double/planted/%.o,$(filter src/%,$(planted)) bugs.c)
planted_nf := $(patsubst %.c,$(B)/float/planted/%.o,$(planted) bugs.c)
without  := check nan dispatch corpus headlines rounding enclosures number points npy state_dict toy safetensors% cifar10 depth png \
            io% nf% pipeline allocation checkpoint_faults
mutant_t := $(patsubst $(B)/tests/%,$(B)/mutants/%,$(filter-out $(B)/tests/float_% \
              $(without:%=$(B)/tests/test_%),$(tests)))
mutant_c := $(patsubst chapters/%.c,$(B)/mutants/%,$(wildcard chapters/ch0[234679]*.c chapters/ch1[01]*.c))
mutant_nf := $(B)/mutants/cli/nf
$(B)/planted/bugs.c $(planted:%=$(B)/planted/%) &: tests/bugs.txt tests/plant.awk $(planted)
	$(call step,DATA)awk -v to=$(B)/planted -f tests/plant.awk tests/bugs.txt $(planted)
$(mutant_t): $(B)/mutants/%: $(B)/double/tests/%.o $(B)/double/tests/mutants.o $(plants) \
  $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
$(mutant_c): $(B)/mutants/%: $(B)/double/chapters/%.o $(chapter_support) $(plants) $(B)/libverify.a $(B)/libnf.a
$(mutant_t) $(mutant_c): private LIBS += -lcmocka $(GSL)
$(mutant_nf): $(planted_nf) $(filter-out $(planted:%.c=$(B)/float/%.o),$(parts)) \
  $(call float,tools/*ranks_one.c) $(B)/libnf32.a
$(B)/float/planted/%.o $(B)/double/planted/%.o: private CPPFLAGS += -Itools
mutants: $(mutant_t) $(mutant_c) | $(mutant_nf) $(addprefix $(B)/tests/test_,nf nf_pictures pipeline)
	@B=$(B) sh tests/mutants.sh $^

programs += $(B)/tests/float_depth $(float_tests) $(targets:%=$(B)/fuzz_%) $(mutant_t) $(mutant_c) \
            $(mutant_nf)
