/* The hot loops as they are compiled for SSE2, AVX2 and AVX-512, in one program
 * (src/core/dispatch.c), in double and as float_dispatch in float. Each kind that this processor
 * runs is held to the plain loops; in double all give the same bits. The name without a kind is the
 * widest of them. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "core/gemm.h"
#include "core/real.h"
#include "core/vector.h"

#define KINDS(f) extern __typeof__(f) f##_sse2, f##_avx2, f##_avx512, *f##_is(void)
KINDS(nf_gemm);
KINDS(nf_gemm_bias);
KINDS(nf_vector_exp);
KINDS(nf_vector_log);
KINDS(nf_vector_tanh);
KINDS(nf_vector_log_sigmoid);

typedef __typeof__(nf_vector_exp) array_function;
typedef struct {
  const char *needs; /* as /proc/cpuinfo names it */
  __typeof__(nf_gemm) *gemm;
  __typeof__(nf_gemm_bias) *gemm_bias;
  array_function *f[4]; /* exp, log, tanh, log σ */
} kind;
#define KIND(k)                                                                         \
  nf_gemm_##k, nf_gemm_bias_##k, {                                                      \
    nf_vector_exp_##k, nf_vector_log_##k, nf_vector_tanh_##k, nf_vector_log_sigmoid_##k \
  }
static const kind kinds[] = {
    {" sse2 ", KIND(sse2)}, {" avx2 ", KIND(avx2)}, {" avx512vl ", KIND(avx512)}};

/* How many of them the processor runs */
static size_t count_kinds(void) {
  char line[8192] = "";
  FILE *f = fopen("/proc/cpuinfo", "r");
  while (f != NULL && strncmp(line, "flags", 5) != 0 && fgets(line, sizeof line, f) != NULL) {
  }
  if (f != NULL) fclose(f);
  size_t n = 0;
  while (n < 3 && strstr(line, kinds[n].needs) != NULL) n++;
  if (n == 0) skip();
  return n;
}

static void check_kind(size_t k, const char *name, size_t n, const nf_real *y, const nf_real *sse2,
                       const double *expected, double tolerance) {
  for (size_t i = 0; i < n; i++) check_close(name, (double)y[i], expected[i], tolerance, tolerance);
  if (sizeof *y == sizeof(double) && memcmp(y, sse2, n * sizeof *y) != 0)
    fail_msg("%s of%sdiffers from that of sse2", name, kinds[k].needs);
}

enum { M = 13, N = 71, K = 263 };

static void products_are_the_plain_loops(void **state) {
  (void)state;
  static nf_real a[M * K], b[N * K], bias[N], y[3][M * N];
  static double expected[M * N];
  for (size_t i = 0; i < M * K; i++) a[i] = NF_R(nf_random_normal(1, 0, i));
  for (size_t i = 0; i < N * K; i++) b[i] = NF_R(nf_random_normal(1, 1, i));
  for (size_t i = 0; i < N; i++) bias[i] = NF_R(nf_random_normal(1, 2, i));
  const size_t m[] = {1, 2, 3, 5, 6, M}, n[] = {1, 4, 5, 11, 20, 37, 64, N}, k[] = {1, 7, K};
  const size_t here = count_kinds();
  for (size_t t = 0; t < 6 * 8 * 3 * 2; t++) {
    const size_t rows = m[t % 6], columns = n[t / 6 % 8], depth = k[t / 48 % 3];
    const bool forward = t / 144 == 0; /* ReLU of A·Bᵀ + bias; else A·B */
    for (size_t i = 0; i < rows * columns; i++) {
      const size_t r = i / columns, c = i % columns;
      double sum = forward ? (double)bias[c] : 0;
      for (size_t l = 0; l < depth; l++)
        sum += (double)a[r * depth + l] * (double)b[forward ? c * depth + l : l * columns + c];
      expected[i] = forward ? fmax(sum, 0) : sum;
    }
    for (size_t q = 0; q < here; q++) {
      if (forward)
        kinds[q].gemm_bias(rows, columns, depth, a, b, bias, true, y[q]);
      else
        kinds[q].gemm(false, false, rows, columns, depth, a, depth, b, columns, false, y[q],
                      columns);
      check_kind(q, "product", rows * columns, y[q], y[0], expected, 200 * NF_REAL_EPSILON);
    }
  }
}

/* One NaN among the k terms of every sum */
static void relu_of_nan_is_nan(void **state) {
  (void)state;
  static nf_real a[M * K], b[N * K], y[M * N];
  const size_t n[] = {1, 4, 5, 11, 20, 37, 64, N}, k[] = {1, 7, K}, here = count_kinds();
  for (size_t t = 0; t < M * 8 * 3; t++) {
    const size_t rows = 1 + t % M, columns = n[t / M % 8], depth = k[t / M / 8];
    for (size_t i = 0; i < rows * depth; i++) a[i] = i % depth == depth / 2 ? NF_R(NAN) : 1;
    for (size_t i = 0; i < columns * depth; i++) b[i] = -1;
    for (size_t q = 0; q < here; q++) {
      kinds[q].gemm_bias(rows, columns, depth, a, b, NULL, true, y);
      for (size_t i = 0; i < rows * columns; i++) assert_true(isnan(y[i]));
    }
  }
}

static void functions_are_those_of_libm(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  static nf_real x[COUNT], y[3][COUNT];
  static double expected[COUNT];
  const size_t here = count_kinds();
  for (int f = 0; f < 4; f++) {
    for (size_t i = 0; i < COUNT; i++) {
      x[i] = NF_R(3 * nf_random_normal(1, 3, i));
      if (f == 1) x[i] = fabs(x[i]) + NF_REAL_MIN;
      const double v = (double)x[i];
      expected[i] = f == 0 ? exp(v) : f == 1 ? log(v) : f == 2 ? tanh(v) : -log1p(exp(-v));
    }
    for (size_t q = 0; q < here; q++) {
      kinds[q].f[f](COUNT, x, y[q]);
      check_kind(q, "function", COUNT, y[q], y[0], expected, 4 * NF_REAL_EPSILON);
    }
  }
}

static void the_widest_is_chosen(void **state) {
  (void)state;
  const kind *widest = &kinds[count_kinds() - 1];
  assert_true(nf_gemm_is() == widest->gemm && nf_gemm_bias_is() == widest->gemm_bias);
  assert_true(nf_vector_exp_is() == widest->f[0] && nf_vector_log_is() == widest->f[1]);
  assert_true(nf_vector_tanh_is() == widest->f[2] && nf_vector_log_sigmoid_is() == widest->f[3]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_the_plain_loops),
      cmocka_unit_test(relu_of_nan_is_nan),
      cmocka_unit_test(functions_are_those_of_libm),
      cmocka_unit_test(the_widest_is_chosen),
  };
  return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
