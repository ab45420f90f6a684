#include "chapter_masked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chapter.h"
#include "flow/flow.h"
#include "verify/jacobian.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { WIDTH = 64, WIDTH_OF_SIX = 16 };
const size_t chapter_six_order[CHAPTER_SIX] = {3, 0, 4, 1, 5, 2};

/* A layer whose last weights, which are initialised to 0, are N(0, 1)/√w. */
static nf_flow *random_layer(size_t d, const size_t *order, size_t width) {
  nf_flow *flow = nf_flow_new(nf_autoregressive_new(nf_point(d), order, width, &e), 7, &e);
  chapter_need(&e);
  nf_tensor *last = &flow->bijector->net->tensor[4];
  for (size_t i = 0; i < nf_tensor_size(last); i++)
    last->data[i] = nf_random_normal(8, d, i) / sqrt((double)width);
  nf_flow_prepare(flow, &e);
  chapter_need(&e);
  return flow;
}

/* rows (n) × columns of 1 where a weight is not 0 */
static double *mask_of(const nf_tensor *t) {
  const size_t size = nf_tensor_size(t);
  double *mask = chapter_alloc(size);
  for (size_t i = 0; i < size; i++) mask[i] = t->data[i] != 0;
  return mask;
}

/* paths[i][j] from input j to μ of value i, by the product of the three masks; J by differences */
void chapter_six_values(double paths[CHAPTER_SIX][CHAPTER_SIX], double j[CHAPTER_SIX][CHAPTER_SIX],
                        double *log_det) {
  nf_flow *flow = random_layer(CHAPTER_SIX, chapter_six_order, WIDTH_OF_SIX);
  const nf_tensor *t = flow->bijector->net->tensor;
  double *m0 = mask_of(&t[0]), *m2 = mask_of(&t[2]), *m4 = mask_of(&t[4]), at[CHAPTER_SIX];
  memset(paths, 0, CHAPTER_SIX * sizeof *paths);
  for (size_t i = 0; i < CHAPTER_SIX; i++)
    for (size_t k = 0; k < WIDTH_OF_SIX; k++)
      for (size_t l = 0; l < WIDTH_OF_SIX; l++)
        for (size_t c = 0; c < CHAPTER_SIX; c++)
          paths[i][c] +=
              m4[i * WIDTH_OF_SIX + k] * m2[k * WIDTH_OF_SIX + l] * m0[l * CHAPTER_SIX + c];
  for (size_t i = 0; i < CHAPTER_SIX; i++) at[i] = nf_random_normal(9, 0, i);
  const nf_batch batch = nf_flow_batch(flow, 1, at);
  nf_work work = {0};
  chapter_need_ok(nf_verify_jacobian(flow->bijector, &batch, j[0], &work), "Jacobian");
  nf_flow_forward(flow, 1, at, NULL, log_det, &e);
  chapter_need(&e);
  nf_work_free(&work);
  free(m0), free(m2), free(m4);
  nf_flow_free(flow);
}

/* --- the cost of the inverse ------------------------------------------------------------------ */

/* One pass: μ and α = 3·tanh(a/3) of all values, then all x_i = z_i·e^α_i + μ_i, or x of one value
 * alone. */
static void pass(const nf_flow *flow, const double *z, double *at, size_t one) {
  static double output[2 * CHAPTER_MAX_D], hidden[2 * WIDTH];
  const nf_net *net = flow->bijector->net;
  const size_t d = flow->d;
  nf_arena scratch = {0};
  chapter_need_ok(net->type->forward(net, 1, at, output, hidden, &scratch), "forward");
  nf_arena_free(&scratch);
  for (size_t i = 0; i < d; i++)
    if (one == i || one == d) at[i] = z[i] * exp(3 * tanh(output[d + i] / 3)) + output[i];
}

static double distance(size_t d, const double *a, const double *b) {
  double worst = 0;
  for (size_t i = 0; i < d; i++) worst = fmax(worst, fabs(a[i] - b[i]) / fmax(1, fabs(b[i])));
  return worst;
}

chapter_costs chapter_cost_of_inverse(size_t d) {
  static double z[CHAPTER_MAX_D], exact[CHAPTER_MAX_D], at[CHAPTER_MAX_D], again[CHAPTER_MAX_D];
  nf_flow *flow = random_layer(d, NULL, WIDTH);
  chapter_costs c = {0};
  for (size_t i = 0; i < d; i++) z[i] = nf_random_normal(9, 1, i);
  nf_flow_inverse(flow, 1, z, exact, NULL, &e);
  nf_flow_forward(flow, 1, exact, again, NULL, &e);
  chapter_need(&e);
  c.back = distance(d, again, z);
  memset(at, 0, sizeof at);
  for (size_t i = 0; i < d; i++) pass(flow, z, at, i);
  c.sequential = distance(d, at, exact);
  memset(at, 0, sizeof at);
  for (; c.jacobi < d && (c.jacobi == 0 || distance(d, at, exact) > 1e-12); c.jacobi++)
    pass(flow, z, at, d);
  const double w = WIDTH, dd = (double)d;
  c.pass = w * dd + w * w + 2 * dd * w;
  size_t before = 0; /* hidden units of degrees below m */
  for (size_t m = 1; m <= d; m++) {
    size_t end = before; /* and below m, those of degree m - 1 included */
    while (end < WIDTH && 1 + end * (d - 1) / WIDTH < m) end++;
    c.steps += (double)((end - before) * (d + end) + 2 * end);
    before = end;
  }
  nf_flow_free(flow);
  return c;
}
