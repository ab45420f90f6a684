# One page that runs the library in a browser: build/web/index.html, by clang for WebAssembly. Twice, as
# for the machine itself: double for the worked examples, float for training and images. There is one
# thread: web/single_thread has its <pthread.h>.
W     := build/web
WASM  := clang --target=wasm32-wasi -msimd128 -std=c11 $(SYSTEM) -Iweb/single_thread -Iinclude -Isrc $(WARN) \
         -fvisibility=hidden -fno-math-errno -D_WASI_EMULATED_GETPID -MMD -MP
in_page := $(patsubst %.c,%.o,$(foreach f,$(filter-out data io verify,$(FLOORS)),$(call sorted,src/$(f)/*.c)) \
             src/data/toy.c web/page.c web/learn.c)
# Small, but for the loops in which training spends its time: all at -O3 trains 6 % faster, with 25 kB more.
fast := src/core/gemm% src/core/vector% src/nets/columns% src/nets/dense% src/layers/transform_%
$(W)/double/%.o: %.c
	$(call step,WASM)$(WASM) -Oz -ffp-contract=off -c $< -o $@
$(W)/float/%.o: %.c
	$(call step,WASM)$(WASM) $(if $(filter $(fast),$<),-O3,-Os) -DNF_FLOAT -c $< -o $@
$(W)/double.wasm: $(addprefix $(W)/double/,$(in_page) web/line.o web/selftest.o)
$(W)/float.wasm: $(in_page:%=$(W)/float/%)
# Without -O, with which clang would call wasm-opt, of whatever version is installed.
$(W)/%.wasm:
	$(call step,LINK)$(WASM) -mexec-model=reactor $^ -lwasi-emulated-getpid -Wl,--gc-sections,--strip-all -o $@
$(W)/index.html: $(W)/double.wasm $(W)/float.wasm $(wildcard web/*.js) $(addprefix web/,pack.py index.html style.css) NOTES.md NOTES.zh.md \
  book/book.lua $(wildcard golden/ch0[1-4]*.txt) data/flows/digits.safetensors data/digits.csv.gz
	@/usr/bin/python3 -B web/pack.py $(W)

# The same training natively, to compare with: in double, and in float, which is also timed.
native := $(addprefix $(B)/web/native_,double float)
$(B)/web/native_double: $(addprefix $(B)/double/web/,native.o page.o learn.o) $(B)/libnf.a
$(B)/web/native_float:  $(addprefix $(B)/float/web/,native.o page.o learn.o) $(B)/libnf32.a
programs += $(native)
sources += $(wildcard web/*.[ch] web/*/*.[ch])

# make check tests the page where it can be built and a browser is there; tests/test_web.sh says so where not.
.PHONY: web check-web bench-web
web: $(W)/index.html
check-web: web $(native)
	@B=$(B) sh tests/run.sh tests/test_web.sh
bench-web: web $(native) # with nothing else running
	@/usr/bin/python3 -B web/bench.py $(B) $(W)/index.html
can_wasm = $(shell clang --target=wasm32-wasi -fsyntax-only -include stdio.h -x c /dev/null 2> /dev/null && \
             command -v wasm-ld > /dev/null && test -e "$$(clang --target=wasm32-wasi -print-libgcc-file-name)" && echo yes)
ifneq ($(filter check%,$(MAKECMDGOALS)),)
check: $(if $(can_wasm),$(W)/index.html $(native))
endif
-include $(shell find $(W) -type f -name '*.d' 2> /dev/null)
