/* The ground floor: memory, the matrix product, LU, shapes. */
#include "check.h"
#include "core/arena.h"
#include "core/batch.h"
#include "core/gemm.h"
#include "core/lu.h"
#include "core/random.h"
#include "core/status.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "verify/jacobian.h"

/* --- arena ----------------------------------------------------------------------------------- */
enum { PIECES = 40 };

/* Pieces of growing size, each filled with its number; the last exceeds any first block. */
static size_t piece_size(size_t k) { return 1 + k * k * k; }
static void fill_pieces(nf_arena *a, double *piece[PIECES]) {
  for (size_t k = 0; k < PIECES; k++) {
    piece[k] = nf_arena_alloc(a, piece_size(k));
    assert_non_null(piece[k]);
    assert_int_equal((uintptr_t)piece[k] % 64, 0);
    for (size_t i = 0; i < piece_size(k); i++) piece[k][i] = (double)k;
  }
}

static void arena_keeps_its_pieces_apart_while_it_grows(void **state) {
  (void)state;
  nf_arena a = {0};
  double *piece[PIECES];
  fill_pieces(&a, piece);
  for (size_t k = 0; k < PIECES; k++)
    for (size_t i = 0; i < piece_size(k); i++) assert_true(piece[k][i] == (double)k);
  nf_arena_free(&a);
  assert_null(a.top);
  assert_int_equal(a.used, 0);
}

static void arena_release_goes_back_to_the_mark(void **state) {
  (void)state;
  nf_arena a = {0};
  double *first = nf_arena_alloc(&a, 10);
  first[9] = 7;
  const size_t used = a.used;
  const nf_arena_mark mark = nf_arena_now(&a);
  double *second = nf_arena_alloc(&a, 10), *piece[PIECES];
  fill_pieces(&a, piece); /* into other blocks */
  nf_arena_release(&a, mark);
  assert_int_equal(a.used, used);
  assert_ptr_equal(nf_arena_alloc(&a, 10), second);
  assert_true(first[9] == 7);
  nf_arena_free(&a);
}

/* Once emptied it holds everything in one block: all pieces follow one another. */
static void arena_learns_how_much_is_needed(void **state) {
  (void)state;
  nf_arena a = {0};
  double *piece[PIECES];
  const nf_arena_mark empty = nf_arena_now(&a);
  fill_pieces(&a, piece);
  nf_arena_release(&a, empty);
  assert_int_equal(a.used, 0);
  fill_pieces(&a, piece);
  for (size_t k = 0; k + 1 < PIECES; k++)
    assert_ptr_equal(piece[k + 1], piece[k] + (piece_size(k) + 7) / 8 * 8);
  nf_arena_release(&a, empty);
  assert_ptr_equal(nf_arena_alloc(&a, 1), piece[0]);
  nf_arena_free(&a);
}

static void arena_refuses_what_overflows(void **state) {
  (void)state;
  nf_arena a = {0};
  assert_null(nf_arena_alloc(&a, SIZE_MAX));
  assert_null(nf_arena_alloc(&a, SIZE_MAX / sizeof(nf_real)));
  assert_null(nf_arena_alloc_double(&a, SIZE_MAX / sizeof(double) + 2));
  assert_int_equal(a.used, 0);
  assert_non_null(nf_arena_alloc(&a, 1));
  nf_arena_free(&a);
}

/* --- linear algebra -------------------------------------------------------------------------- */
static void one_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, bool add, size_t padding) {
  enum { MOST = 300 * 80 };
  const size_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + padding;
  static double a[MOST], b[MOST], c[MOST], expected[MOST];
  for (size_t i = 0; i < MOST; i++) {
    a[i] = nf_random_normal(1, 0, i);
    b[i] = nf_random_normal(1, 1, i);
    c[i] = expected[i] = !add ? (double)NAN : nf_random_normal(1, 2, i);
  }
  for (size_t i = 0; i < MOST; i++) /* the padding, and what lies behind */
    if (i >= m * ldc || i % ldc >= n) c[i] = expected[i] = -7;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += a[ta ? l * lda + i : i * lda + l] * b[tb ? j * ldb + l : l * ldb + j];
      expected[i * ldc + j] = sum + (add ? expected[i * ldc + j] : 0);
    }
  }
  nf_gemm(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc);
  check_array("gemm", c, expected, (m + 1) * ldc, 1e-12, 0);
}

static void gemm_is_the_naive_triple_loop(void **state) {
  (void)state;
  const size_t m[] = {1, 5, 6, 13}, n[] = {1, 2, 3, 8, 11, 32, 37, 71}, k[] = {0, 1, 4, 7, 263};
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
  enum { M = 13, N = 37, K = 263 };
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

static void lu_is_that_of_gsl(void **state) {
  (void)state;
  enum { MOST = 12 };
  for (size_t n = 1; n <= MOST; n++) {
    double a[MOST * MOST], lu[MOST * MOST], inverse[MOST * MOST], product[MOST * MOST], value;
    size_t row[MOST];
    for (size_t i = 0; i < n * n; i++) lu[i] = a[i] = nf_random_normal(n, 0, i);
    check_ok(nf_lu_factor(n, lu, row, &value));
    nf_lu_inverse(n, lu, row, inverse);
    nf_gemm(false, false, n, n, n, a, n, inverse, n, false, product, n);
    for (size_t i = 0; i < n * n; i++)
      check_close("A·A⁻¹", product[i], i % (n + 1) == 0 ? 1 : 0, 1e-12, 0);
    check_close("log|det A|", value, nf_verify_log_abs_det(n, a), 1e-13, 1e-13);
  }
}

static void lu_by_hand(void **state) {
  (void)state;
  double swap[] = {0, 2, -3, 0}, scaled[] = {1e-200, 0, 0, 1e-200}, value = 0, inverse[4];
  const double by_hand[] = {0, -1.0 / 3, 0.5, 0};
  size_t row[2];
  check_ok(nf_lu_factor(2, swap, row, &value)); /* needs its pivot */
  check_close("log 6", value, log(6), 0, 1e-15);
  nf_lu_inverse(2, swap, row, inverse);
  check_array("inverse", inverse, by_hand, 4, 1e-16, 0);
  check_ok(nf_lu_factor(2, scaled, row, &value)); /* a determinant that underflows */
  check_close("log 1e-400", value, -400 * log(10), 0, 1e-15);
}

static void lu_says_when_there_is_no_inverse(void **state) {
  (void)state;
  double zero[] = {0}, rank_one[] = {1, 2, 3, 2, 4, 6, 3, 6, 9}, nan_below[] = {1, 2, NAN, 1};
  double value = 42;
  size_t row[3];
  check_status(nf_lu_factor(1, zero, row, &value), NF_ESINGULAR);
  check_status(nf_lu_factor(3, rank_one, row, &value), NF_ESINGULAR);
  check_status(nf_lu_factor(2, nan_below, row, &value), NF_ESINGULAR);
  assert_true(value == 42);
}

/* --- shapes, tensors, status codes ----------------------------------------------------------- */
static void shapes(void **state) {
  (void)state;
  const nf_shape s = {2, 3, 5};
  double data[60];
  const nf_batch b = {2, s, data, 0, 0};
  assert_int_equal(nf_shape_size(s), 30);
  assert_int_equal(nf_shape_pixels(s), 6);
  assert_int_equal(nf_batch_size(&b), 60);
  assert_ptr_equal(nf_batch_sample(&b, 1), data + 30);
  assert_true(nf_shape_equal(nf_point(7), (nf_shape){1, 1, 7}));
  assert_false(nf_shape_equal(s, (nf_shape){3, 2, 5}));
  assert_false(nf_shape_equal(s, (nf_shape){2, 3, 6}));

  const size_t most = (size_t)1 << 24;
  assert_true(nf_shape_valid(s) && nf_shape_valid(nf_point(most)));
  assert_false(nf_shape_valid((nf_shape){0, 3, 5}) || nf_shape_valid((nf_shape){2, 0, 5}) ||
               nf_shape_valid((nf_shape){2, 3, 0}) || nf_shape_valid(nf_point(most + 1)));
  assert_false(nf_shape_valid((nf_shape){2, most / 2, 2}));
  assert_false(nf_shape_valid((nf_shape){SIZE_MAX / 2, 4, 1})); /* the product overflows */
  assert_false(nf_shape_valid((nf_shape){1, SIZE_MAX, 1}));
}

static void tensors(void **state) {
  (void)state;
  assert_int_equal(nf_tensor_size(&(nf_tensor){.dim = {3}}), 3);
  assert_int_equal(nf_tensor_size(&(nf_tensor){.dim = {8, 3, 3, 4}}), 288);
}

static void count_turn(void *user, int t) { ((int *)user)[t]++; }

static void every_thread_has_its_turn_even_when_there_are_too_many(void **state) {
  (void)state;
  enum { MOST = 200 };
  for (int threads = 1; threads < MOST; threads += 33) {
    nf_threads *team = nf_threads_new(threads);
    assert_non_null(team);
    for (int call = 0; call < 20; call++) { /* of different sizes: most sleep through some */
      int turns[MOST] = {0};
      const int count = 1 + call * call % threads;
      nf_threads_run(team, count, count_turn, turns);
      for (int t = 0; t < MOST; t++) assert_int_equal(turns[t], t < count);
    }
    nf_threads_free(team);
  }
  nf_threads_free(NULL);
}

static void every_status_has_its_own_text(void **state) {
  (void)state;
  for (int i = NF_OK; i <= NF_EFORMAT; i++)
    for (int j = -1; j < i; j++) assert_string_not_equal(nf_status_text(i), nf_status_text(j));
  assert_string_equal(nf_status_text(-1), nf_status_text(NF_EFORMAT + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_keeps_its_pieces_apart_while_it_grows),
      cmocka_unit_test(arena_release_goes_back_to_the_mark),
      cmocka_unit_test(arena_learns_how_much_is_needed),
      cmocka_unit_test(arena_refuses_what_overflows),
      cmocka_unit_test(gemm_is_the_naive_triple_loop),
      cmocka_unit_test(gemm_bias_is_the_naive_loop_and_relu),
      cmocka_unit_test(lu_is_that_of_gsl),
      cmocka_unit_test(lu_by_hand),
      cmocka_unit_test(lu_says_when_there_is_no_inverse),
      cmocka_unit_test(shapes),
      cmocka_unit_test(tensors),
      cmocka_unit_test(every_thread_has_its_turn_even_when_there_are_too_many),
      cmocka_unit_test(every_status_has_its_own_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
