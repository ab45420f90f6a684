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

# Exact values by ball arithmetic (proofs/ball.h), with Arb: a part of FLINT since version 3, before that a
# library of its own, of which Debian's name is libflint-arb.
includes  = $(shell printf '\043include <$(1)>' | $(CC) $(CPPFLAGS) -E -x c - > /dev/null 2>&1 && echo yes)
ARB      := $(if $(call includes,flint/arb.h),-lflint,$(if $(call includes,arb.h),-lflint-arb -lflint))
exact_of := $(patsubst %.c,$(B)/double/%.o,$(call sorted,proofs/exact*.c))
$(B)/libballs.a: $(patsubst %.c,$(B)/double/%.o,$(call sorted,proofs/ball*.c))
$(B)/proofs/exact: $(exact_of) $(B)/libballs.a $(B)/libnf.a
$(B)/proofs/exact: private LIBS += $(ARB)
programs += $(B)/proofs/exact
check: $(if $(ARB),$(B)/proofs/exact)
exact: $(B)/proofs/exact
	@$< > $(B)/proofs/exact.txt && mv $(B)/proofs/exact.txt golden/exact.txt
