/* Ranks over MPI. An error of MPI itself ends all of them at once, as MPI does by default. */
#include <mpi.h>
#include <stdio.h>

#include "nf_ranks.h"

nf_ranks nf_all_ranks = {0, 1};

enum { MOST = 1 << 28 }; /* values at a time: MPI counts in int */

void nf_ranks_begin(int *argc, char ***argv) {
  int given;
  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &given); /* threads work, but only one speaks */
  MPI_Comm_rank(MPI_COMM_WORLD, &nf_all_ranks.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &nf_all_ranks.count);
  if (!nf_ranks_leads() && freopen("/dev/null", "w", stdout) == NULL) MPI_Abort(MPI_COMM_WORLD, 2);
}

void nf_ranks_end(void) { MPI_Finalize(); }

void nf_ranks_send(size_t bytes, void *x) {
  for (size_t at = 0; at < bytes; at += MOST) {
    const size_t n = bytes - at < MOST ? bytes - at : MOST;
    MPI_Bcast((char *)x + at, (int)n, MPI_BYTE, 0, MPI_COMM_WORLD);
  }
}

static void reduce(size_t n, void *x, size_t size, MPI_Datatype type, MPI_Op op) {
  for (size_t at = 0; at < n; at += MOST) {
    const size_t m = n - at < MOST ? n - at : MOST;
    MPI_Allreduce(MPI_IN_PLACE, (char *)x + at * size, (int)m, type, op, MPI_COMM_WORLD);
  }
}

void nf_ranks_sum_gradient(size_t n, nf_real *x) {
  reduce(n, x, sizeof *x, sizeof *x == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM);
}
void nf_ranks_sum(size_t n, double *x) { reduce(n, x, sizeof *x, MPI_DOUBLE, MPI_SUM); }
void nf_ranks_most(size_t n, double *x) { reduce(n, x, sizeof *x, MPI_DOUBLE, MPI_MAX); }
