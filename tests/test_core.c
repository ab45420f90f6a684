/* Memory, errors, shapes and threads. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "core/arena.h"
#include "core/threads.h"

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

/* All pieces follow one another. */
static void an_emptied_arena_is_one_block(void **state) {
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

/* --- errors -------------------------------------------------------------------------------- */
static void every_status_has_its_own_text(void **state) {
  (void)state;
  for (int i = NF_OK; i <= NF_EFORMAT; i++)
    for (int j = -1; j < i; j++) assert_string_not_equal(nf_status_text(i), nf_status_text(j));
  assert_string_equal(nf_status_text(-1), nf_status_text(NF_EFORMAT + 1));
}

static void the_first_error_stays(void **state) {
  (void)state;
  nf_error e = {0};
  assert_int_equal(nf_status_of(NULL), NF_OK);
  assert_int_equal(nf_status_of(&e), NF_OK);
  assert_int_equal(nf_fail(&e, NF_ESHAPE, "%s: %d is not %g", "layer", 3, 0.5), NF_ESHAPE);
  assert_int_equal(nf_status_of(&e), NF_ESHAPE);
  assert_string_equal(e.message, "layer: 3 is not 0.5");
  assert_int_equal(nf_fail(&e, NF_ENOMEM, "out of memory"), NF_ESHAPE);
  assert_int_equal(e.status, NF_ESHAPE);
  assert_string_equal(e.message, "layer: 3 is not 0.5");
  assert_int_equal(nf_fail(NULL, NF_EIO, "%d", 1), NF_EIO);
}

static void a_message_is_one_line(void **state) {
  (void)state;
  nf_error e = {0};
  nf_fail(&e, NF_EIO, "%s", "a\nb\tc\x1b[0m\x7f \x01 é 3×3 🙂");
  assert_string_equal(e.message, "a?b?c?[0m? ? é 3×3 🙂");
}

/* A text of 2·NF_MESSAGE letters of `before`, the character, and a reason at its end. */
static void check_cut(size_t before, const char *character) {
  static const char reason[] = ": the reason";
  char text[2 * NF_MESSAGE + 64];
  nf_error e = {0};
  memset(text, 'x', sizeof text);
  memcpy(text + before, character, strlen(character));
  strcpy(text + 2 * NF_MESSAGE, reason);
  nf_fail(&e, NF_EIO, "%s", text);
  const char *gap = strstr(e.message, "…");
  assert_non_null(gap);
  assert_null(strstr(gap + strlen("…"), "…"));
  const size_t head = (size_t)(gap - e.message), tail = strlen(gap + strlen("…"));
  assert_memory_equal(e.message, text, head);
  assert_memory_equal(gap + strlen("…"), text + strlen(text) - tail, tail);
  assert_true(((unsigned char)text[head] & 0xc0) != 0x80);
  assert_true(((unsigned char)gap[strlen("…")] & 0xc0) != 0x80);
  assert_true(strlen(e.message) < NF_MESSAGE && strlen(e.message) >= NF_MESSAGE - 7);
}

static void a_long_message_keeps_its_ends(void **state) {
  (void)state;
  const char *const character[] = {"x", "é", "→", "🙂"}; /* of 1 … 4 bytes */
  const size_t head = NF_MESSAGE / 4, text = 2 * NF_MESSAGE + strlen(": the reason");
  for (size_t k = 0; k < 4; k++)
    for (size_t back = 0; back <= 8; back++) {
      check_cut(head - back, character[k]);
      check_cut(text - (NF_MESSAGE - head - 4) - back, character[k]);
    }
  nf_error e = {0};
  nf_fail(&e, NF_EIO, "%*s", NF_MESSAGE - 1, "é"); /* fits to the last byte */
  assert_int_equal(strlen(e.message), NF_MESSAGE - 1);
  assert_string_equal(e.message + NF_MESSAGE - 3, "é");
}

static void the_version_is_that_of_the_header(void **state) {
  (void)state;
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", NF_VERSION_MAJOR, NF_VERSION_MINOR,
           NF_VERSION_PATCH);
  assert_string_equal(version, NF_VERSION);
  assert_string_equal(nf_version(), NF_VERSION);
}

/* --- shapes -------------------------------------------------------------------------------- */
static void shapes(void **state) {
  (void)state;
  const nf_shape s = {2, 3, 5};
  assert_int_equal(nf_shape_size(s), 30);
  assert_int_equal(nf_shape_pixels(s), 6);
  assert_true(nf_shape_equal(nf_image(2, 3, 5), s));
  assert_true(nf_shape_equal(nf_point(7), (nf_shape){1, 1, 7}));
  assert_false(nf_shape_equal(s, (nf_shape){3, 2, 5}));
  assert_false(nf_shape_equal(s, (nf_shape){2, 3, 6}));

  const size_t max = (size_t)1 << 24;
  assert_true(nf_shape_valid(s) && nf_shape_valid(nf_point(max)));
  assert_false(nf_shape_valid((nf_shape){0, 3, 5}) || nf_shape_valid((nf_shape){2, 0, 5}) ||
               nf_shape_valid((nf_shape){2, 3, 0}) || nf_shape_valid(nf_point(max + 1)));
  assert_false(nf_shape_valid((nf_shape){2, max / 2, 2}));
  assert_false(nf_shape_valid((nf_shape){SIZE_MAX / 2, 4, 1})); /* the product overflows */
  assert_false(nf_shape_valid((nf_shape){1, SIZE_MAX, 1}));
}

/* --- threads ------------------------------------------------------------------------------- */
enum { MAX_JOBS = 200 };

static void count_job(void *user, int i) { ((int *)user)[i]++; }

static void threads_run_every_job_once_even_when_there_are_too_many(void **state) {
  (void)state;
  for (int max = 1; max < MAX_JOBS; max += 33) {
    nf_threads *threads = nf_threads_new(max);
    assert_non_null(threads);
    for (int call = 0; call < 20; call++) { /* of different sizes: most sleep through some */
      int runs[MAX_JOBS] = {0};
      const int count = 1 + call * call % max;
      nf_threads_run(threads, count, count_job, runs);
      for (int i = 0; i < MAX_JOBS; i++) assert_int_equal(runs[i], i < count);
    }
    nf_threads_free(threads);
  }
  nf_threads_free(NULL);
}

enum { JOBS = 4 };
typedef struct {
  double value[JOBS];
  pthread_t thread[JOBS];
} jobs;

static void run_job(void *user, int i) {
  jobs *j = user;
  j->value[i] = nf_random_normal(1, 2, (uint64_t)i);
  j->thread[i] = pthread_self();
}

/* The jobs gave the values of `expected`, and their threads are other ones than the caller's. */
static bool ran(nf_threads *threads, const jobs *expected, bool others) {
  jobs j = {0};
  nf_threads_run(threads, JOBS, run_job, &j);
  bool fine = memcmp(j.value, expected->value, sizeof j.value) == 0;
  for (int i = 1; i < JOBS; i++)
    fine = fine && (pthread_equal(j.thread[i], pthread_self()) == 0) == others;
  return fine;
}

/* In a child the threads are used, freed, and others are made. An alarm ends a child that hangs. */
static void after_fork_the_child_runs_all_jobs_itself(void **state) {
  (void)state;
  check_not_emulated();
  jobs expected = {0};
  for (int i = 0; i < JOBS; i++) run_job(&expected, i);
  nf_threads *threads = nf_threads_new(JOBS), *idle = nf_threads_new(JOBS);
  assert_true(threads != NULL && idle != NULL);
  nf_threads_run(idle, 1, run_job, &expected); /* on this thread */
  for (int round = 0; round < 20; round++) {
    assert_true(ran(threads, &expected, true));
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      alarm(20);
      bool fine = ran(threads, &expected, false) && ran(threads, &expected, false);
      nf_threads_free(threads);
      threads = nf_threads_new(JOBS);
      fine = fine && threads != NULL && ran(threads, &expected, true);
      fine = fine && ran(idle, &expected, true); /* had started none */
      nf_threads_free(threads);
      nf_threads_free(idle);
      _exit(fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_true(ran(threads, &expected, true));
  nf_threads_free(threads);
  nf_threads_free(idle);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_keeps_its_pieces_apart_while_it_grows),
      cmocka_unit_test(arena_release_goes_back_to_the_mark),
      cmocka_unit_test(an_emptied_arena_is_one_block),
      cmocka_unit_test(arena_refuses_what_overflows),
      cmocka_unit_test(every_status_has_its_own_text),
      cmocka_unit_test(the_first_error_stays),
      cmocka_unit_test(a_message_is_one_line),
      cmocka_unit_test(a_long_message_keeps_its_ends),
      cmocka_unit_test(the_version_is_that_of_the_header),
      cmocka_unit_test(shapes),
      cmocka_unit_test(threads_run_every_job_once_even_when_there_are_too_many),
      cmocka_unit_test(after_fork_the_child_runs_all_jobs_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
