import sys, time
from proof import *
from latex import tokens_of
entries = load(); eqs = notes()
for n, e in entries.items():
    if len(sys.argv) > 1 and not any(n.startswith(a) for a in sys.argv[1:]): continue
    t=time.time()
    try:
        establish(e, tokens_of(eqs[n])); r='ok'
    except (Unproved, Unreadable) as x: r=f'{type(x).__name__}: {x}'
    print(n, r, f'{time.time()-t:.2f}', flush=True)
