/* The matrix products of core/gemm.h against plain loops: every transposition, stride and edge, and
 * sums longer than a panel. */
#include <math.h>

#include "check.h"
#include "core/gemm.h"

enum { GEMM_MAX = 530 * 80 };
static double a_drawn[GEMM_MAX], b_drawn[GEMM_MAX], c_drawn[GEMM_MAX];

static void one_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, bool add, size_t padding) {
  const double *a = a_drawn, *b = b_drawn;
  const size_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + padding;
  const size_t values = (m + 1) * ldc;
  static double c[GEMM_MAX], expected[GEMM_MAX];
  for (size_t i = 0; i < values; i++) { /* -7 in the padding, and in the row that lies behind */
    const bool outside = i >= m * ldc || i % ldc >= n;
    c[i] = expected[i] = outside ? -7 : add ? c_drawn[i] : (double)NAN;
  }
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += a[ta ? l * lda + i : i * lda + l] * b[tb ? j * ldb + l : l * ldb + j];
      expected[i * ldc + j] = sum + (add ? expected[i * ldc + j] : 0);
    }
  }
  nf_gemm(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
  check_array("gemm", c, expected, values, 1e-12, 0);
}

static void gemm_is_the_naive_triple_loop(void **state) {
  (void)state;
  for (size_t i = 0; i < GEMM_MAX; i++) {
    a_drawn[i] = nf_random_normal(1, 0, i);
    b_drawn[i] = nf_random_normal(1, 1, i);
    c_drawn[i] = nf_random_normal(1, 2, i);
  }
  const size_t m[] = {1, 5, 6, 13}, n[] = {1, 2, 3, 8, 11, 32, 37, 71}, k[] = {0, 1, 4, 7, 523};
  for (int t = 0; t < 8; t++)
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 8; j++)
        for (int l = 0; l < 5; l++) {
          one_gemm(t & 1, t & 2, m[i], n[j], k[l], t & 4, 1);
          one_gemm(t & 1, t & 2, m[i], n[j], k[l], t & 4, 0);
        }
}

static void gemm_bias_is_the_naive_loop_and_relu(void **state) {
  (void)state;
  enum { M = 13, N = 37, K = 523 };
  static double x[M * K], w[N * K], b[N], y[M * N], expected[M * N];
  for (size_t i = 0; i < M * K; i++) x[i] = nf_random_normal(1, 3, i);
  for (size_t i = 0; i < N * K; i++) w[i] = nf_random_normal(1, 4, i);
  for (size_t i = 0; i < N; i++) b[i] = nf_random_normal(1, 5, i);
  const size_t widths[] = {1, 2, 3, 4, 5, 8, 32, N}, depths[] = {1, 7, 8, K};
  for (int how = 0; how < 4; how++)
    for (int j = 0; j < 8; j++)
      for (int l = 0; l < 4; l++) {
        const bool relu = how & 1, biased = how & 2;
        const size_t n = widths[j], k = depths[l];
        for (size_t i = 0; i < M * n; i++) {
          double sum = biased ? b[i % n] : 0;
          for (size_t q = 0; q < k; q++) sum += x[i / n * k + q] * w[i % n * k + q];
          expected[i] = relu ? fmax(sum, 0) : sum;
        }
        nf_gemm_bias(M, n, k, x, w, biased ? b : NULL, relu, y);
        check_array("gemm_bias", y, expected, M * n, 1e-12, 0);
      }
}

static void gemm_of_columns_is_the_naive_loop_in_one_order(void **state) {
  (void)state;
  enum { M = 13, N = 71, K = 523 };
  static double w[(M + 1) * (K + 1)], x[K * (N + 2)], b[M], y[M * (N + 3)], one[M], all[M * N];
  for (size_t i = 0; i < (M + 1) * (K + 1); i++) w[i] = nf_random_normal(1, 9, i);
  for (size_t i = 0; i < K * (N + 2); i++) x[i] = nf_random_normal(1, 10, i);
  for (size_t i = 0; i < M; i++) b[i] = nf_random_normal(1, 11, i);
  const size_t depths[] = {1, 7, K};
  for (int how = 0; how < 8; how++)
    for (int l = 0; l < 3; l++) {
      const bool transpose = how & 1, biased = how & 2, relu = how & 4;
      const size_t k = depths[l], ldw = transpose ? M + 1 : k + 1, ldx = N + 2, ldy = N + 3;
      const nf_real *bias = biased ? b : NULL;
      for (size_t i = 0; i < M * N; i++) {
        const size_t r = i / N, c = i % N;
        double sum = biased ? b[r] : 0;
        for (size_t q = 0; q < k; q++)
          sum += w[transpose ? q * ldw + r : r * ldw + q] * x[q * ldx + c];
        all[i] = relu ? fmax(sum, 0) : sum;
      }
      nf_gemm_columns(transpose, M, N, k, w, ldw, x, ldx, bias, relu, y, ldy);
      for (size_t r = 0; r < M; r++)
        check_array("gemm_columns", y + r * ldy, all + r * N, N, 1e-12, 0);
      for (size_t c = 0; c < N; c += 7) { /* a column alone has the same bits */
        nf_gemm_columns(transpose, M, 1, k, w, ldw, x + c, ldx, bias, relu, one, 1);
        for (size_t r = 0; r < M; r++) check_array("one column", one + r, y + r * ldy + c, 1, 0, 0);
      }
    }
}

static void gemm_of_windows_is_the_naive_loop(void **state) {
  (void)state;
  enum { M = 13, K = 523, MAX = 71 };
  static double x[M * 17 + K * 11], b[K * MAX], y[M * MAX], expected[M * MAX];
  size_t row[M], step[K];
  for (size_t i = 0; i < M * 17 + K * 11; i++) x[i] = nf_random_normal(1, 6, i);
  for (size_t i = 0; i < K * MAX; i++) b[i] = nf_random_normal(1, 7, i);
  for (size_t i = 0; i < M; i++) row[i] = i * 5 % M * 17;
  for (size_t l = 0; l < K; l++) step[l] = l * 7 % K * 11;
  const size_t widths[] = {1, 3, 8, 11, 32, MAX}, depths[] = {1, 7, K};
  for (int how = 0; how < 6; how++)
    for (int j = 0; j < 6; j++)
      for (int l = 0; l < 3; l++) {
        const bool transpose = how & 1;
        const size_t n = widths[j], k = depths[l];
        const nf_windows a = {x, row, step};
        const nf_real *start = how / 2 == 0 ? NULL : how / 2 == 1 ? b : y;
        for (size_t i = 0; i < M * n; i++) {
          const size_t r = i / n, c = i % n;
          y[i] = nf_random_normal(1, 8, i);
          double sum = start == NULL ? 0 : start == y ? y[i] : b[c];
          for (size_t q = 0; q < k; q++)
            sum += x[row[r] + step[q]] * b[transpose ? c * k + q : q * n + c];
          expected[i] = transpose ? fmax(sum, 0) : sum;
        }
        nf_gemm_windows(transpose, M, n, k, &a, b, start, transpose, y);
        check_array("gemm_windows", y, expected, M * n, 1e-12, 0);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gemm_is_the_naive_triple_loop),
      cmocka_unit_test(gemm_bias_is_the_naive_loop_and_relu),
      cmocka_unit_test(gemm_of_columns_is_the_naive_loop_in_one_order),
      cmocka_unit_test(gemm_of_windows_is_the_naive_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
