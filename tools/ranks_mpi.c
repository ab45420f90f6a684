/* Ranks over MPI. An error of MPI itself ends all of them at once, as MPI does by default. */
#include <mpi.h>
#include <stdio.h>

#include "ranks.h"

cli_ranks ranks_all = {0, 1};

enum { MAX_COUNT = 1 << 28 }; /* values at a time: MPI counts in int */

void ranks_begin(int *argc, char ***argv) {
  int given;
  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &given); /* only one thread calls MPI */
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks_all.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks_all.count);
  if (!ranks_is_first() && freopen("/dev/null", "w", stdout) == NULL) MPI_Abort(MPI_COMM_WORLD, 2);
}

void ranks_end(void) { MPI_Finalize(); }

void ranks_broadcast(size_t bytes, void *x) {
  for (size_t at = 0; at < bytes; at += MAX_COUNT) {
    const size_t n = bytes - at < MAX_COUNT ? bytes - at : MAX_COUNT;
    MPI_Bcast((char *)x + at, (int)n, MPI_BYTE, 0, MPI_COMM_WORLD);
  }
}

static void reduce(size_t n, void *x, size_t size, MPI_Datatype type, MPI_Op op) {
  for (size_t at = 0; at < n; at += MAX_COUNT) {
    const size_t m = n - at < MAX_COUNT ? n - at : MAX_COUNT;
    MPI_Allreduce(MPI_IN_PLACE, (char *)x + at * size, (int)m, type, op, MPI_COMM_WORLD);
  }
}

void ranks_sum_gradient(size_t n, nf_real *x) {
  reduce(n, x, sizeof *x, sizeof *x == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM);
}
void ranks_sum(size_t n, double *x) { reduce(n, x, sizeof *x, MPI_DOUBLE, MPI_SUM); }
void ranks_max(size_t n, double *x) { reduce(n, x, sizeof *x, MPI_DOUBLE, MPI_MAX); }
