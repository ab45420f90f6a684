# The proofs of the notes' equations, with SymPy (Debian's python3-sympy); see docs/proofs.md. make check runs
# them, and a sample of the other two; those take some minutes.
.PHONY: proofs misprints signs proof-table exact
prove := /usr/bin/python3 -B proofs/run.py
proofs:
	@$(prove)
misprints signs:
	@$(prove) --$@
proof-table:
	@$(prove) --table > docs/proofs.md

# Exact values by ball arithmetic (proofs/ball.h), where Arb is installed; and how far the library's double and
# float are from them, the latter by a program of its own (proofs/deep.h).
with_arb := $(B)/proofs/exact $(B)/proofs/true_digits
$(B)/libballs.a: $(patsubst %.c,$(B)/double/%.o,$(call sorted,proofs/ball*.c) proofs/deep.c)
$(B)/proofs/exact: $(patsubst %.c,$(B)/double/%.o,$(call sorted,proofs/exact*.c))
$(B)/proofs/true_digits: $(B)/double/proofs/true_digits.o
$(with_arb): $(B)/libballs.a $(B)/libnf.a
$(with_arb): private LIBS += $(ARB)
$(B)/proofs/float_deep: $(call float,proofs/float_deep.c proofs/deep.c) $(B)/libnf32.a
$(B)/proofs/true_digits: | $(B)/proofs/float_deep
programs += $(with_arb) $(B)/proofs/float_deep
check: $(if $(ARB),$(with_arb))
exact: $(B)/proofs/exact
	@$< > $(B)/proofs/exact.txt && mv $(B)/proofs/exact.txt golden/exact.txt
# The table that the chapters print.
$(B)/exact_table.c: golden/exact.txt
	$(call step,DATA)awk 'BEGIN { print "extern const char *const chapter_exact_table[];"; \
	  print "const char *const chapter_exact_table[] = {" } END { print "0};" } \
	  !/^#/ { printf "\"%s\", \"%s\", \"%s\",\n", $$1, $$3, $$4 }' $< > $@
