/* Ranks: processes that train one flow together, started by mpirun. In build/nf-mpi they are
 * MPI's (nf_ranks_mpi.c); in build/nf there is one, and these functions have nothing to do
 * (nf_ranks_one.c). Every rank must make the same calls in the same order, and hears no more than
 * this:
 *
 *   send   x ← x of rank 0        sum    x ← Σ_r x_r        most   x ← max_r x_r
 *
 * After each of them x is the same on all ranks. Rank 0 speaks and writes files. */
#ifndef NF_TOOLS_RANKS_H
#define NF_TOOLS_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/real.h"

typedef struct {
  int rank, count;
} nf_ranks;
extern nf_ranks nf_all_ranks; /* 0 of 1 before nf_ranks_begin */

void nf_ranks_begin(int *argc, char ***argv); /* stdout of all but rank 0 is closed */
void nf_ranks_end(void);

void nf_ranks_send(size_t bytes, void *x);
void nf_ranks_sum_gradient(size_t n, nf_real *x);
void nf_ranks_sum(size_t n, double *x);
void nf_ranks_most(size_t n, double *x);

static inline bool nf_ranks_leads(void) { return nf_all_ranks.rank == 0; }

/* Of n things in order, this rank's are begin … begin + count - 1; counts differ by at most 1. */
typedef struct {
  size_t begin, count;
} nf_share;
static inline nf_share nf_ranks_share(size_t n) {
  const size_t r = (size_t)nf_all_ranks.rank, all = (size_t)nf_all_ranks.count;
  return (nf_share){n * r / all, n * (r + 1) / all - n * r / all};
}

/* 0 only when `failure` is 0 on every rank, else the largest. */
static inline int nf_ranks_agree(int failure) {
  double x = failure;
  nf_ranks_most(1, &x);
  return (int)x;
}

/* Of the ranks for which it is true, the first. */
static inline bool nf_ranks_first(bool is) {
  double x = is ? -nf_all_ranks.rank : -nf_all_ranks.count;
  nf_ranks_most(1, &x);
  return is && x == -nf_all_ranks.rank;
}

#endif
