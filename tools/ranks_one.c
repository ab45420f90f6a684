/* One process: the sum over all ranks, and the largest of them, is what it has. */
#include "ranks.h"

cli_ranks ranks_all = {0, 1};

void ranks_begin(int *argc, char ***argv) { (void)argc, (void)argv; }
void ranks_end(void) {}
void ranks_broadcast(size_t bytes, void *x) { (void)bytes, (void)x; }
void ranks_sum_gradient(size_t n, nf_real *x) { (void)n, (void)x; }
void ranks_sum(size_t n, double *x) { (void)n, (void)x; }
void ranks_max(size_t n, double *x) { (void)n, (void)x; }
