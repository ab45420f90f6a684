/* Columns for the figures of chapter 5 that show flows that learned two moons:
 *
 *   densities   x₁ x₂, then p_data p_flow on a grid (learn_densities)
 *   samples     x₁ x₂ of two moons; of z ~ N(0, I); and of f⁻¹(z) by the flow that learned them
 *   transport   place on the moons, x₁ x₂: a block a point, a line after each of 0 … 10 couplings
 *
 *   toys PREFIX   writes PREFIXdensities.dat, …: by flows of 32 couplings and 20000 steps, and of
 *                 10 couplings and 10000 steps: half a minute on two cores */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/threads.h"
#include "flow/flow.h"
#include "layers/layer.h"
#include "learn.h"

enum { LAYERS = 10, SHOWN = 750 };
static nf_flow *flows[2]; /* the large one; and that whose layers are shown */
static nf_error e;

static void learn_job(void *unused, int thread) {
  (void)unused;
  flows[thread] = thread == 0 ? learn(&nf_toys[0], 32, 20000, NULL, NULL)
                              : learn(&nf_toys[0], LAYERS, 10000, NULL, NULL);
}

static void densities(FILE *f) {
  enum { UNIT = 34, SIDE = 6 * UNIT + 1 };
  learn_densities(f, &nf_toys[0], SIDE / (2. * UNIT), SIDE, 3, 1, flows);
}

static void samples(FILE *f) {
  static nf_real data[2 * SHOWN], drawn[2 * SHOWN], z[2 * SHOWN];
  nf_toy_sample(&nf_toys[0], 3, 0, SHOWN, data);
  nf_flow_sample(flows[0], SHOWN, 3, 1, drawn, &e);
  nf_flow_forward(flows[0], SHOWN, drawn, z, NULL, &e);
  learn_need(&e);
  for (int i = 0; i < SHOWN; i++, fputc('\n', f))
    for (int k = 0; k < 3; k++) {
      const nf_real *x = (k == 0 ? data : k == 1 ? z : drawn) + 2 * i;
      fprintf(f, " %.5g %.5g", (double)x[0], (double)x[1]);
    }
}

/* 0 to 1 along the upper moon and 1 to 2 along the lower one, its image under x → -x. */
static double place_on_moons(const nf_real x[2]) {
  double place[2], distance[2];
  for (int k = 0; k < 2; k++) {
    const double sign = k ? -1 : 1, a = sign * (double)x[0] + 0.5, b = sign * (double)x[1] + 0.25;
    const double angle = b > 0 ? atan2(b, a) : a > 0 ? 0 : acos(-1);
    place[k] = k + angle / acos(-1);
    distance[k] = hypot(a - cos(angle), b - sin(angle));
  }
  return place[distance[1] < distance[0]];
}

static void transport(FILE *f) {
  static nf_real x[LAYERS + 1][2 * SHOWN];
  static double log_det[SHOWN];
  const nf_bijector *chain = flows[1]->bijector;
  nf_work work = {0};
  nf_toy_sample(&nf_toys[0], 3, 0, SHOWN, x[0]);
  for (int k = 0; k < LAYERS; k++) {
    nf_batch b = {.n = SHOWN, .shape = nf_point(2), .data = x[k + 1]};
    memcpy(x[k + 1], x[k], sizeof x[k]);
    if (nf_bijector_forward(chain->child[k], &b, log_det, &work) != NF_OK)
      nf_fail(&e, NF_ENONFINITE, "layer %d has no value at a point", k);
    learn_need(&e);
  }
  for (int i = 0; i < SHOWN; i++, fputc('\n', f))
    for (int k = 0; k <= LAYERS; k++)
      fprintf(f, "%.3f %.5g %.5g\n", place_on_moons(x[0] + 2 * i), (double)x[k][2 * i],
              (double)x[k][2 * i + 1]);
  nf_work_free(&work);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*write)(FILE *f);
  } columns[] = {{"densities", densities}, {"samples", samples}, {"transport", transport}};
  if (argc != 2) {
    fprintf(stderr, "toys: usage: toys PREFIX of the files, whose folder must exist\n");
    return 2;
  }
  nf_threads *pool = nf_threads_new(2);
  if (pool == NULL) nf_fail(&e, NF_ENOMEM, "no memory for threads");
  learn_need(&e);
  nf_threads_run(pool, 2, learn_job, NULL);
  nf_threads_free(pool);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s.dat", columns[i].name);
    FILE *f = learn_open(argv[1], name);
    columns[i].write(f);
    learn_close(f);
  }
  for (int k = 0; k < 2; k++) nf_flow_free(flows[k]);
  return 0;
}
