# The proofs of the notes' equations, with SymPy (Debian's python3-sympy); see docs/proofs.md. make check runs
# them, and a sample of the other two; those take some minutes.
.PHONY: proofs misprints signs proof-table
prove := /usr/bin/python3 -B proofs/run.py
proofs:
	@$(prove)
misprints signs:
	@$(prove) --$@
proof-table:
	@$(prove) --table > docs/proofs.md
