/* The training of the page without the page: native STEPS [SECONDS] makes the steps of its panel on
 * two moons with the page's own functions (learn.c), and prints the loss before each, nats; with
 * SECONDS it then goes on that long and prints the steps per second, for bench.py. RealNVP, 8
 * couplings of width 32 or, when timed, 4; batches of 128, rate 0.003, seed 1. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "nf/flow.h"
#include "page.h"

typedef struct page_trainer page_trainer;
nf_flow *page_model(int family, int h, int w, int c, int levels, int steps, int width, int scale,
                    int bins, double alpha, unsigned seed);
int page_init(nf_flow *f, int n, const nf_real *x);
void page_toy_points(int i, unsigned seed, int n, nf_real *x);
page_trainer *page_trainer_new(nf_flow *f, double rate, int batch, unsigned seed);
int page_train(page_trainer *t, int n, const nf_real *x, int steps, double *loss);
void page_trainer_free(page_trainer *t);

enum { REALNVP = 1, POINTS = 20000, AT_ONCE = 100 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  static nf_real x[2 * POINTS];
  double loss[AT_ONCE];
  const int steps = argc > 1 ? atoi(argv[1]) : 200;
  const double seconds = argc > 2 ? atof(argv[2]) : 0;
  nf_flow *f = page_model(REALNVP, 1, 1, 2, 1, seconds > 0 ? 4 : 8, 32, -1, 0, 0, 1);
  page_toy_points(0, 1, POINTS, x);
  if (f == NULL || page_init(f, 1000, x) != NF_OK) return 1;
  page_trainer *t = page_trainer_new(f, 0.003, 128, 1);
  for (int done = 0; t != NULL && done < steps; done++) {
    if (page_train(t, POINTS, x, 1, loss) != 1) return 1;
    if (seconds <= 0) printf("%.17g\n", loss[0]);
  }
  const double begin = now();
  double taken = 0;
  int timed = 0;
  for (; seconds > 0 && taken < seconds; taken = now() - begin)
    timed += page_train(t, POINTS, x, AT_ONCE, loss);
  if (seconds > 0) printf("%.0f\n", timed / taken);
  page_trainer_free(t);
  nf_flow_free(f);
  return 0;
}
