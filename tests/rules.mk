# Tests that are more than a program of their own.

# --- allocations that fail (tests/memory.h), and 50 digits ----------------------------------
comma   := ,
wrapped := malloc calloc realloc free nf_arena_alloc nf_arena_alloc_double nf_arena_alloc_bytes
$(filter $(B)/tests/test_memory% $(B)/tests/test_allocation,$(tests)): private LIBS += $(wrapped:%=-Wl$(comma)--wrap=%)
$(patsubst %.c,$(B)/%,$(shell grep -l mpfr.h tests/test_*.c)): private LIBS += -lmpfr -lgmp

# --- on two ranks (tests/test_mpi.c), where Open MPI is installed ---------------------------
ifeq ($(shell command -v mpirun > /dev/null && pkg-config --exists ompi-c && echo yes),yes)
$(B)/tests/test_mpi: | $(B)/nf-mpi
endif

# --- any bytes (tests/fuzz.h) ---------------------------------------------------------------
# make check replays tests/fuzz/NAME through every target, in one program; there the targets' common
# entry point has a name each. make fuzz lets libFuzzer (clang) look for more, SECONDS of time a
# target. What breaks a target is written to build/fuzz, and belongs into tests/fuzz/NAME.
SECONDS ?= 60
targets := $(patsubst tests/fuzz_%.c,%,$(sort $(wildcard tests/fuzz_*.c)))
options := $(patsubst %.c,$(B)/double/%.o,$(wildcard tools/*options.c tools/*settings.c))
$(B)/double/tests/replay_%.o: tests/fuzz_%.c
	$(call compile,$(PROOF) -DLLVMFuzzerTestOneInput=fuzz_$*)
$(B)/tests/test_corpus: $(targets:%=$(B)/double/tests/replay_%.o) $(options)
$(targets:%=$(B)/fuzz_%): $(B)/fuzz_%: $(B)/double/tests/fuzz_%.o $(options) $(B)/libtests.a $(B)/libnf.a
$(targets:%=$(B)/fuzz_%): private LIBS += -lcmocka
programs += $(targets:%=$(B)/fuzz_%)
.PHONY: fuzz $(targets:%=fuzz-%)
fuzz: $(targets:%=fuzz-%)
$(targets:%=fuzz-%): fuzz-%:
	@LDFLAGS=-fsanitize=fuzzer $(MAKE) --no-print-directory B=build/fuzz CC=clang WARN=-w build/fuzz/fuzz_$* \
	  CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@mkdir -p build/fuzz/corpus/$*
	@printf '\n%s\n' '$*: $(SECONDS) s'
	@cd build/fuzz && ./fuzz_$* -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=3000 \
	  -print_final_stats=1 -verbosity=0 -artifact_prefix=$*- corpus/$* ../../tests/fuzz/$*

# --- float (tests/depth.h), and the page of all errors (tests/verify.c) ---------------------
$(B)/tests/float_depth: $(patsubst %.c,$(B)/float/%.o,$(wildcard tests/float_depth.c tests/depth.c tests/catalogue.c)) \
    $(B)/libnf32.a
$(B)/tests/test_depth $(B)/tests/verify: | $(B)/tests/float_depth
programs += $(B)/tests/float_depth
.PHONY: verify coverage mutants
verify: $(B)/tests/verify
	@$<

# --- the lines that the tests run (tests/coverage.sh), of the double build ------------------
coverage:
	@mkdir -p build/coverage && find build/coverage -name '*.gcda' -delete
	@LDFLAGS=--coverage $(MAKE) --no-print-directory B=build/coverage CC=gcc \
	  PROOF='$$(BASE) -ffp-contract=off -O0 --coverage -fprofile-update=atomic' check
	@sh tests/coverage.sh build/coverage

# --- the bugs of tests/bugs.txt, planted in a copy of the library ---------------------------
# There NF_BUG chooses one, and tests/mutants.sh runs with each the programs of make check that run
# the library in their own process. About 2 minutes on 2 cores.
planted  := $(shell awk '$$1 == "file" { print $$2 }' tests/bugs.txt | sort -u)
plants   := $(patsubst %.c,$(B)/double/planted/%.o,$(planted) bugs.c)
not_run  := check corpus golden headlines mpi notes% scalar state_dict toy safetensors cifar10 depth \
            png% io% nf% memory% checkpoint_faults
m_tests    := $(patsubst $(B)/tests/%,$(B)/mutants/%,$(filter-out $(not_run:%=$(B)/tests/test_%),$(tests)))
m_chapters := $(patsubst $(B)/chapters/%,$(B)/mutants/%,$(filter $(B)/chapters/ch0[234679]%,$(chapters)))
$(B)/planted/bugs.c $(planted:%=$(B)/planted/%) &: tests/bugs.txt tests/plant.awk $(planted)
	$(call step,DATA)awk -v to=$(B)/planted -f tests/plant.awk tests/bugs.txt $(planted)
$(m_tests): $(B)/mutants/%: $(B)/double/tests/%.o $(B)/double/tests/mutants.o $(plants) \
    $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
$(m_chapters): $(B)/mutants/%: $(B)/double/chapters/%.o $(chapter_support) $(plants) $(B)/libverify.a $(B)/libnf.a
$(m_tests) $(m_chapters): private LIBS += -lcmocka $(GSL)
programs += $(m_tests) $(m_chapters)
mutants: $(m_tests) $(m_chapters)
	@B=$(B) sh tests/mutants.sh $^
