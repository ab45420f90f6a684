/* What `make film` shows: a flow like chapter 5's, eight affine couplings, as it learns two moons.
 * A frame is one moment of training, and three pictures of the same map x = f⁻¹(z):
 *
 *   density   p_X(x) = N(f(x); 0, I)·|det ∂f/∂x|     on a grid over the plane
 *   grid      f⁻¹ of straight lines of the latent plane, where ‖z‖ ≤ 3
 *   samples   f⁻¹ of points z ~ N(0, I), the same z in every frame, so that they can be followed
 *
 * Early steps change more than late ones: frame k is step 1000·(k/last)², or one step further.
 *
 *   film FOLDER   writes FOLDER/NN.dat, three blocks of columns a frame, and FOLDER/loss.dat */
#include <math.h>
#include <nf/nf.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAMES = 52, STEPS = 1000, BATCH = 256, POINTS = 8192, HELD_OUT = 4096 };
enum { SIDE = 121, CELLS = SIDE * SIDE, SAMPLES = 500, LINES = 13, LINE = 121 };

static nf_error e;

/* Ends the program when a call of the library failed. */
static void need(void) {
  if (e.status == NF_OK) return;
  fprintf(stderr, "film: %s\n", e.message);
  exit(2);
}

static FILE *file_new(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  if (f == NULL) nf_fail(&e, NF_EIO, "%s: cannot be written; the folder must exist", path);
  need();
  return f;
}

static void file_end(FILE *f) {
  const int failed = ferror(f);
  if (fclose(f) != 0 || failed) nf_fail(&e, NF_EIO, "a frame could not be written");
  need();
}

static void density(FILE *f, nf_flow *flow) {
  static nf_real x[2 * CELLS];
  static double log_p[CELLS];
  for (int i = 0; i < CELLS; i++) {
    x[2 * i] = (nf_real)(0.04 * (i % SIDE) - 2.4);
    x[2 * i + 1] = (nf_real)(0.04 * (i / SIDE) - 2.4);
  }
  nf_flow_log_prob(flow, CELLS, x, log_p, &e);
  need();
  for (int i = 0; i < CELLS; i++)
    fprintf(f, "%.3g %.3g %.3g\n", (double)x[2 * i], (double)x[2 * i + 1], exp(log_p[i]));
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
      need();
      for (int i = 0; i < LINE; i++)
        fprintf(f, "%.4g %.4g\n", (double)x[2 * i], (double)x[2 * i + 1]);
    }
  fputc('\n', f);
}

static void samples(FILE *f, nf_flow *flow) {
  static nf_real x[2 * SAMPLES];
  nf_flow_sample(flow, SAMPLES, 3, 1, x, &e);
  need();
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
  need();
  for (int i = 0; i < HELD_OUT; i++) {
    entropy -=
        nf_toys[0].log_density((double[]){(double)x[2 * i], (double)x[2 * i + 1]}) / HELD_OUT;
    mean -= log_p[i] / HELD_OUT;
  }
  fprintf(f, "%d %.6g %.6g\n", step, mean, entropy);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "film: usage: film FOLDER, which must exist\n");
    return 2;
  }
  static nf_real x[2 * POINTS], batch[2 * BATCH];
  size_t index[BATCH];
  nf_model model = nf_model_default(NF_REALNVP, nf_point(2));
  nf_train_settings set = nf_train_default();
  model.width = 32;
  set.schedule = (nf_schedule){NF_COSINE, 0.005, STEPS / 20, STEPS, 0.01, 0, 0};
  set.clip = 5;
  nf_flow *flow = nf_flow_from_model(&model, &e);
  nf_trainer *trainer = nf_trainer_new(flow, &set, &e);
  need();
  nf_toy_sample(&nf_toys[0], 1, 0, POINTS, x);
  FILE *losses = file_new(argv[1], "loss.dat");
  for (int frame = 0, step = 0; frame < FRAMES; frame++) {
    const double time = (double)frame / (FRAMES - 1);
    const int until = (int)fmax(frame, STEPS * time * time);
    for (; step < until; step++) {
      nf_shuffled_batch(1, (uint64_t)step, POINTS, BATCH, index);
      for (size_t i = 0; i < 2 * BATCH; i++) batch[i] = x[2 * index[i / 2] + i % 2];
      nf_train_step(trainer, BATCH, batch, NULL, &e);
    }
    char name[16];
    snprintf(name, sizeof name, "%02d.dat", frame);
    FILE *f = file_new(argv[1], name);
    density(f, flow);
    grid(f, flow);
    samples(f, flow);
    file_end(f);
    loss(losses, step, flow);
  }
  file_end(losses);
  nf_trainer_free(trainer);
  nf_flow_free(flow);
  return 0;
}
