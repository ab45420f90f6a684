# Tests that are more than a program of their own.

# --- tests that are no programs (tests/cli.awk, tests/documents) ------------------------------
tests += $(sort $(wildcard tests/cli/*.txt tests/test_*.sh))

# --- memory that runs out (tests/memory.h) --------------------------------------------------
comma   := ,
wrapped := malloc calloc realloc free nf_arena_alloc nf_arena_alloc_double nf_arena_alloc_bytes
$(B)/tests/test_memory_%: override LDFLAGS += $(wrapped:%=-Wl$(comma)--wrap=%)

# --- any bytes (tests/fuzz.h) ---------------------------------------------------------------
# make check replays tests/fuzz/NAME through every target, in one program; there the targets' common
# entry point has a name each.
targets := $(patsubst tests/fuzz_%.c,%,$(sort $(wildcard tests/fuzz_*.c)))
$(B)/libfuzzed.a: $(B)/double/tools/nf_options.o $(B)/double/tools/nf_settings.o
$(B)/double/tests/replay_%.o: tests/fuzz_%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROOF) -DLLVMFuzzerTestOneInput=fuzz_$* -c $< -o $@
$(B)/tests/test_corpus: $(B)/double/tests/test_corpus.o $(targets:%=$(B)/double/tests/replay_%.o) \
    $(B)/libfuzzed.a $(B)/libtests.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@

# make fuzz lets libFuzzer (clang) look for more, SECONDS of time a target. What breaks a target is
# written to build/fuzz, and belongs into tests/fuzz/NAME once it is mended.
SECONDS ?= 60
.PHONY: fuzz $(targets:%=fuzz-%)
fuzz: $(targets:%=fuzz-%)
$(targets:%=fuzz-%): fuzz-%:
	@$(MAKE) --no-print-directory B=build/fuzz CC=clang THREADS=-pthread WARN=-w \
	  CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
	  build/fuzz/fuzz_$*
	@mkdir -p build/fuzz/corpus/$*
	@printf '\n%s\n' '$*: $(SECONDS) s'
	@cd build/fuzz && ./fuzz_$* -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=3000 \
	  -print_final_stats=1 -verbosity=0 -artifact_prefix=$*- corpus/$* ../../tests/fuzz/$*
build/fuzz/fuzz_%: build/fuzz/double/tests/fuzz_%.o $(B)/double/tests/check.o $(B)/libfuzzed.a $(B)/libnf.a
	$(call say,LINK,$@)$(CC) $(CFLAGS) -fsanitize=fuzzer $^ -lcmocka $(LIBS) -o $@

# --- float (tests/depth.h) ------------------------------------------------------------------
$(B)/tests/float_depth: $(B)/float/tests/float_depth.o $(B)/float/tests/catalogue.o $(B)/libnf32.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@
$(B)/tests/test_depth $(B)/tests/verify: | $(B)/tests/float_depth

# --- the page of all errors (tests/verify.c) ------------------------------------------------
.PHONY: verify
verify: $(B)/tests/verify
	@$<

# --- the lines that the tests run (tests/coverage.sh) ---------------------------------------
# Of the double build. The command line, in float, runs tests that leave no room for gcov's files.
.PHONY: coverage
coverage:
	@mkdir -p build/coverage && find build/coverage -name '*.gcda' -delete
	@LDFLAGS=--coverage $(MAKE) --no-print-directory B=build/coverage CC=gcc \
	  PROOF='$$(BASE) -ffp-contract=off -O0 --coverage -fprofile-update=atomic' check
	@sh tests/coverage.sh build/coverage

# --- the layer that the README adds ---------------------------------------------------------
# Its file, its declaration and its line of the catalogue, as they stand there; the catalogue then
# ends after that line, and the program is test_catalogue for this layer alone.
readme := $(B)/readme
goes_to = awk -v to=$(1) -f tests/goes_to.awk README.md
$(readme)/layers/sinh_arcsinh.c: README.md tests/goes_to.awk
	@mkdir -p $(@D)
	@$(call goes_to,src/layers/sinh_arcsinh.c) > $@
$(readme)/layers/bijectors.h: src/layers/bijectors.h README.md tests/goes_to.awk
	@mkdir -p $(@D)
	@{ sed '$$d' $<; $(call goes_to,$<); tail -n 1 $<; } > $@
$(readme)/catalogue.c: tests/catalogue.c README.md tests/goes_to.awk
	@mkdir -p $(@D)
	@{ sed '/int \*const s = /q' $<; $(call goes_to,$<); echo '  if (l->all.n > 0) return;'; \
	  sed '1,/int \*const s = /d' $<; } > $@
$(readme)/%.o: $(readme)/%.c $(readme)/layers/bijectors.h
	$(call say,CC,$@)$(CC) -I$(readme) -Itests $(PROOF) -c $< -o $@
$(B)/tests/test_readme_layer: $(B)/double/tests/test_catalogue.o $(readme)/catalogue.o \
    $(readme)/layers/sinh_arcsinh.o $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(LIBS) -o $@
tests += $(B)/tests/test_readme_layer
check: $(B)/tests/test_readme_layer
