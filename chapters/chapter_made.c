#include "chapter_made.h"

#include <math.h>

static const int hidden_degree[CHAPTER_MADE_HIDDEN] = {1, 1, 2, 2};

int chapter_made_first(int k, int j) { return hidden_degree[k] >= j + 1; }
int chapter_made_second(int i, int k) { return i + 1 > hidden_degree[k]; }

/* Integers for weights, n mod 7 - 3 over 10 */
static double seventh(int n) { return (n % 7 - 3) / 10.0; }

static double first_weight(int k, int j) {
  return chapter_made_first(k, j) * seventh(3 * k + 2 * j);
}
static double second_weight(int i, int k) {
  return chapter_made_second(i % CHAPTER_MADE_IN, k) * seventh(2 * i + 3 * k);
}

/* h = tanh(W x + b);   out = V h + c: out[i] is μ_i and out[3 + i] is α_i */
void chapter_made(const double *in, double *h, double *out) {
  static const double bias[CHAPTER_MADE_HIDDEN] = {0.1, -0.1, 0.2, 0};
  for (int k = 0; k < CHAPTER_MADE_HIDDEN; k++) {
    double sum = bias[k];
    for (int j = 0; j < CHAPTER_MADE_IN; j++) sum += first_weight(k, j) * in[j];
    h[k] = tanh(sum);
  }
  for (int i = 0; i < 2 * CHAPTER_MADE_IN; i++) {
    out[i] = i < CHAPTER_MADE_IN ? 0.1 : 0.05;
    for (int k = 0; k < CHAPTER_MADE_HIDDEN; k++) out[i] += second_weight(i, k) * h[k];
  }
}

void chapter_made_layer(const double *in, double *z) {
  double h[CHAPTER_MADE_HIDDEN], out[2 * CHAPTER_MADE_IN];
  chapter_made(in, h, out);
  for (int i = 0; i < CHAPTER_MADE_IN; i++)
    z[i] = (in[i] - out[i]) * exp(-out[CHAPTER_MADE_IN + i]);
}

/* ∂z_i/∂x_j = e^-α_i·([i = j] - ∂μ_i/∂x_j) - z_i·∂α_i/∂x_j, with ∂h_k/∂x_j = (1 - h_k²)·W_kj */
double chapter_made_slope(const double *in, int i, int j) {
  double h[CHAPTER_MADE_HIDDEN], out[2 * CHAPTER_MADE_IN], dmu = 0, dalpha = 0;
  chapter_made(in, h, out);
  for (int k = 0; k < CHAPTER_MADE_HIDDEN; k++) {
    dmu += second_weight(i, k) * (1 - h[k] * h[k]) * first_weight(k, j);
    dalpha += second_weight(CHAPTER_MADE_IN + i, k) * (1 - h[k] * h[k]) * first_weight(k, j);
  }
  return exp(-out[CHAPTER_MADE_IN + i]) * ((i == j) - dmu - (in[i] - out[i]) * dalpha);
}
