import sys, time, os
from multiprocessing import Pool
from proof import *
from latex import tokens_of
entries = load(); eqs = notes()
def one(n):
    e=entries[n]
    t=time.process_time()
    try:
        establish(e, tokens_of(eqs[n])); r='ok'
    except (Unproved, Unreadable) as x: r=f'{type(x).__name__}: {x}'[:300]
    except Exception as x: r=f'{type(x).__name__}: {x}'[:300]
    return f'{n} {r} {time.process_time()-t:.2f}'
if __name__=='__main__':
    todo=[n for n in entries if len(sys.argv) < 2 or any(n.startswith(a) for a in sys.argv[1:])]
    with Pool(3) as p:
        for r in p.imap(one, todo): print(r, flush=True)
    print([n for n in eqs if n not in entries])
