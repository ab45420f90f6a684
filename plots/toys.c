/* Columns for the figures of chapter 5 that show trained flows:
 *
 *   densities   x₁ x₂, then p_data p_flow of the four toy densities, means over the cells of a
 *               grid; a blank line a row
 *   kl          KL(data‖flow) of the four, nats, and its standard error, on points not trained on
 *   samples     x₁ x₂ of two moons; of z ~ N(0, I); and of f⁻¹(z) by the flow that learned them
 *   transport   place on the moons, x₁ x₂: a block a point, a line after each of 0 … 10 couplings
 *
 *   toys PREFIX   writes PREFIXdensities.dat, …: 32 couplings and 20000 steps for each density, 10
 *                 couplings and 10000 steps for the last: a minute on two cores */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/threads.h"
#include "flow/flow.h"
#include "layers/layer.h"
#include "learn.h"

enum { TOYS = 4, JOBS = TOYS + 1, LAYERS = 10, HELD_OUT = 20000, SHOWN = 750 };
static nf_flow *flows[JOBS]; /* of the toys; and the flow whose layers are shown */
static nf_error e;

static void learn_job(void *unused, int thread) {
  (void)unused;
  for (int k = thread; k < JOBS; k += 2)
    flows[k] = k < TOYS ? learn(&nf_toys[k], 32, 20000, NULL, NULL)
                        : learn(&nf_toys[0], LAYERS, 10000, NULL, NULL);
}

/* Bridges between modes are thinner than a cell of the grid: a cell has the mean of 3×3 points. */
static void densities(FILE *f) {
  enum { UNIT = 34, SIDE = 6 * UNIT + 1, FINE = 3, CELL = FINE * FINE, POINTS = SIDE * CELL };
  static nf_real x[2 * POINTS];
  static double log_p[TOYS][POINTS];
  for (int row = 0; row < SIDE; row++, fputc('\n', f)) {
    for (int i = 0; i < POINTS; i++) {
      x[2 * i] = (nf_real)((i / CELL + (i % FINE - 1) / 3.0) / UNIT - 3);
      x[2 * i + 1] = (nf_real)((row + (i / FINE % FINE - 1) / 3.0) / UNIT - 3);
    }
    for (int k = 0; k < TOYS; k++) nf_flow_log_prob(flows[k], POINTS, x, log_p[k], &e);
    learn_need(&e);
    for (int cell = 0; cell < SIDE; cell++, fputc('\n', f)) {
      fprintf(f, "%.6g %.6g", cell * 1.0 / UNIT - 3, row * 1.0 / UNIT - 3);
      for (int k = 0; k < TOYS; k++) {
        double data = 0, flow = 0;
        for (int i = cell * CELL; i < (cell + 1) * CELL; i++) {
          const double at[2] = {(double)x[2 * i], (double)x[2 * i + 1]};
          data += exp(nf_toys[k].log_density(at)) / CELL;
          flow += exp(log_p[k][i]) / CELL;
        }
        fprintf(f, " %.4g %.4g", data, flow);
      }
    }
  }
}

static void kl(FILE *f) {
  static nf_real x[2 * HELD_OUT];
  static double log_p[HELD_OUT];
  for (int k = 0; k < TOYS; k++) {
    double mean = 0, square = 0;
    nf_toy_sample(&nf_toys[k], 2, 0, HELD_OUT, x);
    nf_flow_log_prob(flows[k], HELD_OUT, x, log_p, &e);
    learn_need(&e);
    for (int i = 0; i < HELD_OUT; i++) {
      const double at[2] = {(double)x[2 * i], (double)x[2 * i + 1]};
      const double d = nf_toys[k].log_density(at) - log_p[i];
      mean += d / HELD_OUT, square += d * d / HELD_OUT;
    }
    fprintf(f, "%.4f %.4f\n", mean, sqrt((square - mean * mean) / HELD_OUT));
  }
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
  const nf_bijector *chain = flows[TOYS]->bijector;
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
  } columns[] = {
      {"densities", densities}, {"kl", kl}, {"samples", samples}, {"transport", transport}};
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
  for (int k = 0; k < JOBS; k++) nf_flow_free(flows[k]);
  return 0;
}
