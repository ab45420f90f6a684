/* Ranks: processes that train one flow together, started by mpirun. In build/nf-mpi they are
 * MPI's (ranks_mpi.c); in build/nf there is one, and these functions have nothing to do
 * (ranks_one.c). Every rank must make the same calls in the same order, and learns no more of the
 * others than this:
 *
 *   broadcast   x ← x of rank 0        sum    x ← Σ_r x_r        max   x ← max_r x_r
 *
 * After each of them x is the same on all ranks. Rank 0 prints and writes files. */
#ifndef CLI_RANKS_H
#define CLI_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "nf/core.h"

typedef struct {
  int rank, count;
} cli_ranks;
extern cli_ranks ranks_all; /* 0 of 1 before ranks_begin */

void ranks_begin(int *argc, char ***argv); /* stdout of all but rank 0 is closed */
void ranks_end(void);

void ranks_broadcast(size_t bytes, void *x);
void ranks_sum_gradient(size_t n, nf_real *x);
void ranks_sum(size_t n, double *x);
void ranks_max(size_t n, double *x);

static inline bool ranks_is_first(void) { return ranks_all.rank == 0; }

/* Of n things in order, this rank's are begin … begin + count - 1; counts differ by at most 1. */
typedef struct {
  size_t begin, count;
} cli_share;
static inline cli_share ranks_share(size_t n) {
  const size_t r = (size_t)ranks_all.rank, all = (size_t)ranks_all.count;
  return (cli_share){n * r / all, n * (r + 1) / all - n * r / all};
}

/* 0 only when `failure` is 0 on every rank, else the largest. */
static inline int ranks_agree(int failure) {
  double x = failure;
  ranks_max(1, &x);
  return (int)x;
}

/* Of the ranks for which it is true, the first. */
static inline bool ranks_first_where(bool is) {
  double x = is ? -ranks_all.rank : -ranks_all.count;
  ranks_max(1, &x);
  return is && x == -ranks_all.rank;
}

#endif
