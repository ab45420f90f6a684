/* What `make film` shows: 16 affine couplings (learn.h) as they learn two moons. A frame is one
 * moment of training, and three pictures of the same map x = f⁻¹(z):
 *
 *   density   p_X(x) = N(f(x); 0, I)·|det ∂f/∂x|     on a grid over the plane
 *   grid      f⁻¹ of straight lines of the latent plane, where ‖z‖ ≤ 3
 *   samples   f⁻¹ of points z ~ N(0, I), the same z in every frame, so that they can be followed
 *
 * Early steps change more than late ones: frame k is step STEPS·(k/last)², or one step further.
 *
 *   film PREFIX   writes PREFIXNN.dat, three blocks of columns a frame, and PREFIXloss.dat */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "learn.h"

enum { FRAMES = 60, STEPS = 3000, COUPLINGS = 16, HELD_OUT = 4096 };
enum { SIDE = 169, CELLS = SIDE * SIDE, SAMPLES = 500, LINES = 13, LINE = 121 };

static nf_error e;

static void density(FILE *f, nf_flow *flow) {
  static nf_real x[2 * CELLS];
  static double log_p[CELLS];
  for (int i = 0; i < CELLS; i++) {
    x[2 * i] = (nf_real)(i % SIDE / 40.0 - 2.1);
    x[2 * i + 1] = (nf_real)(i / SIDE / 40.0 - 2.1);
  }
  nf_flow_log_prob(flow, CELLS, x, log_p, &e);
  learn_need(&e);
  for (int i = 0; i < CELLS; i++)
    fprintf(f, "%.5g %.5g %.3g\n", (double)x[2 * i], (double)x[2 * i + 1], exp(log_p[i]));
  fputs("\n\n", f);
}

/* Lines z₁ = c or z₂ = c for c = -3, -2.5, … 3, as long as ‖z‖ ≤ 3. */
static void grid(FILE *f, nf_flow *flow) {
  static nf_real z[2 * LINE], x[2 * LINE];
  for (int way = 0; way < 2; way++)
    for (int k = 0; k < LINES; k++, fputc('\n', f)) {
      const double c = 0.5 * k - 3, half = sqrt(9 - c * c);
      for (int i = 0; i < LINE; i++) {
        z[2 * i + way] = (nf_real)(c);
        z[2 * i + 1 - way] = (nf_real)(half * (2.0 * i / (LINE - 1) - 1));
      }
      nf_flow_inverse(flow, LINE, z, x, NULL, &e);
      learn_need(&e);
      for (int i = 0; i < LINE; i++)
        fprintf(f, "%.4g %.4g\n", (double)x[2 * i], (double)x[2 * i + 1]);
    }
  fputc('\n', f);
}

static void samples(FILE *f, nf_flow *flow) {
  static nf_real x[2 * SAMPLES];
  nf_flow_sample(flow, SAMPLES, 3, 1, x, &e);
  learn_need(&e);
  for (int i = 0; i < SAMPLES; i++)
    fprintf(f, "%.4g %.4g\n", (double)x[2 * i], (double)x[2 * i + 1]);
}

/* Step, loss on points that are not trained on, and its minimum H(p_data), nats. */
static void loss(FILE *f, int step, nf_flow *flow) {
  static nf_real x[2 * HELD_OUT];
  static double log_p[HELD_OUT];
  double entropy = 0, mean = 0;
  nf_toy_sample(&nf_toys[0], 2, 0, HELD_OUT, x);
  nf_flow_log_prob(flow, HELD_OUT, x, log_p, &e);
  learn_need(&e);
  for (int i = 0; i < HELD_OUT; i++) {
    entropy -=
        nf_toys[0].log_density((double[]){(double)x[2 * i], (double)x[2 * i + 1]}) / HELD_OUT;
    mean -= log_p[i] / HELD_OUT;
  }
  fprintf(f, "%d %.6g %.6g\n", step, mean, entropy);
}

typedef struct {
  const char *prefix;
  FILE *losses;
  int frames; /* written */
} film;

/* The next frame, if its step has come. */
static void report(void *user, int step, nf_flow *flow) {
  film *f = user;
  const double time = (double)f->frames / (FRAMES - 1);
  char name[16];
  if (step < (int)fmax(f->frames, STEPS * time * time)) return;
  snprintf(name, sizeof name, "%02d.dat", f->frames++);
  FILE *file = learn_open(f->prefix, name);
  density(file, flow);
  grid(file, flow);
  samples(file, flow);
  learn_close(file);
  loss(f->losses, step, flow);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "film: usage: film PREFIX, as in frames/\n");
    return 2;
  }
  film f = {argv[1], learn_open(argv[1], "loss.dat"), 0};
  nf_flow_free(learn(&nf_toys[0], COUPLINGS, STEPS, report, &f));
  learn_close(f.losses);
  return 0;
}
