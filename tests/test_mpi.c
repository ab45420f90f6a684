/* Two ranks are one process: the same losses, the same weights, to the rounding of float, since the
 * mean of a batch is the weighted mean of its shares. And they end together, whatever happens to
 * one of them. Skipped where Open MPI is missing (tests/rules.mk). */
#include <float.h>

#include "io/safetensors.h"
#include "nf_command.h"

static char nf_alone[1024], nf_ranked[1024]; /* build/nf, build/nf-mpi */

static int prepare(void **state) {
  snprintf(nf_alone, sizeof nf_alone, "%s", nf_path);
  snprintf(nf_ranked, sizeof nf_ranked, "%.1000s/nf-mpi", dirname(nf_path));
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
  setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "0", 1); /* ranks that fail have nothing to save */
  setenv("OMPI_MCA_plm", "isolated", 1);                /* this machine alone, without ssh */
  setenv("OMPI_MCA_btl", "self,vader", 1);              /* and through its memory, */
  setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 1); /* as any container allows it */
  setenv("ASAN_OPTIONS", "detect_leaks=0", 0);                   /* Open MPI's */
  return folder_make(state);
}

static void need_mpi(void) {
  if (access(nf_ranked, X_OK) == 0) return;
  print_message("%s is not there, because Open MPI is not: skipped\n", nf_ranked);
  skip();
}

static void alone(void) { snprintf(nf_path, sizeof nf_path, "%s", nf_alone); }

/* The words of mpirun, in which % stands for nf; run by env, which finds mpirun. */
static const char *ranked(const char *words) {
  static char text[4096];
  size_t length = (size_t)snprintf(text, sizeof text, "mpirun -q ");
  for (const char *p = words; *p != 0; p++) {
    assert_true(length + sizeof nf_ranked < sizeof text);
    length += (size_t)(*p == '%' ? sprintf(text + length, "%s", nf_ranked)
                                 : sprintf(text + length, "%c", *p));
  }
  snprintf(nf_path, sizeof nf_path, "/usr/bin/env");
  return text;
}

/* 63 and 41 samples have no halves. */
#define TRAIN                                                                    \
  "train --data digits --levels 2 --depth 2 --width 12 --every 10 --holdout 41 " \
  "--decay constant --warmup 0 --threads 1 "

static nf_safetensors open_file(const char *name) {
  nf_safetensors f = {0};
  char message[NF_MESSAGE] = "";
  if (nf_safetensors_read(folder_path(name), &f, message) != NF_OK) fail_msg("%s", message);
  return f;
}

/* The largest difference of any number of two checkpoints, in units of float's rounding at 1 or at
 * the largest number of the tensor, whichever is larger. */
static double largest_difference(const char *a, const char *b) {
  nf_safetensors f = open_file(a), g = open_file(b);
  double most = 0;
  assert_true(f.n > 10 && f.n == g.n);
  for (size_t i = 0; i < f.n; i++) {
    const nf_safetensor *t = &f.tensor[i], *u = nf_safetensors_find(&g, t->name);
    assert_true(u != NULL && u->dtype == NF_F32 && t->dtype == NF_F32 && u->size == t->size);
    double size = 1, difference = 0;
    for (size_t k = 0; k < t->size; k++) {
      float x, y;
      memcpy(&x, (const char *)t->byte + 4 * k, 4);
      memcpy(&y, (const char *)u->byte + 4 * k, 4);
      assert_true(isfinite(x) && isfinite(y));
      size = fmax(size, fabs((double)y));
      difference = fmax(difference, fabs((double)x - (double)y));
    }
    most = fmax(most, difference / size / FLT_EPSILON);
  }
  nf_safetensors_free(&f);
  nf_safetensors_free(&g);
  return most;
}

/* The same losses and validations, to about the 6 decimals of the log. */
static void same_losses(const char *a, const char *b, int steps) {
  static char one[1 << 14], two[1 << 14];
  char *x = one, *y = two;
  nf_slurp(a, one, sizeof one);
  nf_slurp(b, two, sizeof two);
  for (int line = 0; line <= steps; line++) {
    char *p = strtok_r(x, "\n", &x), *q = strtok_r(y, "\n", &y);
    assert_true(p != NULL && q != NULL);
    if (line == 0) continue;
    double s[7] = {0}, t[7] = {0};
    const char *form = "%lf,%lf,%lf,%lf,%lf,%lf,%lf";
    assert_int_equal(sscanf(p, form, s, s + 1, s + 2, s + 3, s + 4, s + 5, s + 6),
                     sscanf(q, form, t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6));
    assert_true(s[0] == t[0] && s[0] == line && s[1] == t[1]);
    check_close("loss", s[3], t[3], 1e-6, 16 * FLT_EPSILON);
    check_close("gradient norm", s[4], t[4], 0, 1e-5);
    check_close("rate", s[5], t[5], 0, 0);
    check_close("validation", s[6], t[6], 1e-6, 16 * FLT_EPSILON);
  }
  assert_null(strtok_r(x, "\n", &x));
  assert_null(strtok_r(y, "\n", &y));
}

static void two_ranks_are_one_process(void **state) {
  (void)state;
  need_mpi();
  alone();
  nf_fine(TRAIN "--batch 63 --steps 40 --out @/one.safetensors");
  nf_fine(TRAIN "--batch 62 --steps 40 --out @/other.safetensors");
  nf_fine(ranked("-n 2 % " TRAIN "--batch 63 --steps 40 --out @/two.safetensors"));
  nf_fine(ranked("-n 3 % " TRAIN "--batch 63 --steps 40 --out @/three.safetensors"));
  same_losses("two.csv", "one.csv", 40);
  same_losses("three.csv", "one.csv", 40);
  /* Their sums are added in another order, so were they made by one process? No: bits differ. */
  const double two = largest_difference("two.last.safetensors", "one.last.safetensors");
  const double three = largest_difference("three.last.safetensors", "one.last.safetensors");
  const double other = largest_difference("other.last.safetensors", "one.last.safetensors");
  print_message("2 ranks %.1f, 3 ranks %.1f, another batch %.0f units\n", two, three, other);
  assert_true(two > 0 && two <= 64);
  assert_true(three > 0 && three <= 64);
  assert_true(other > 100 * 64);
  assert_true(largest_difference("two.safetensors", "one.safetensors") <= 64);
}

static void ranks_resume(void **state) {
  (void)state;
  need_mpi();
  nf_fine(ranked("-n 2 % " TRAIN "--batch 63 --steps 17 --out @/part.safetensors"));
  nf_fine(ranked("-n 2 % " TRAIN "--batch 63 --steps 40 --resume --out @/part.safetensors"));
  nf_fine(ranked("-n 2 % " TRAIN "--batch 63 --steps 40 --out @/whole.safetensors"));
  check_close("resumed", largest_difference("part.last.safetensors", "whole.last.safetensors"), 0,
              0, 0);
}

static void ranks_end_together(void **state) {
  (void)state;
  need_mpi();
#define ENDLESS "train --data digits --levels 1 --depth 1 --width 8 --every 100000 --threads 1 "
  nf_fine(ranked("-n 2 % " ENDLESS "--minutes 0.005 --out @/m.safetensors"));

  char script[2048]; /* the second rank says who it is */
  const int length =
      snprintf(script, sizeof script,
               "echo $$ > %s/pid; exec %s " ENDLESS "--steps 1000000 --out %s/s.safetensors\n",
               folder, nf_ranked, folder);
  folder_write("rank1", script, (size_t)length);
  const pid_t child = nf_start(
      ranked("-n 1 % " ENDLESS "--steps 1000000 --out @/s.safetensors : -n 1 sh @/rank1"), 0);
  for (int i = 0; i < 20000 && access(folder_path("s.last.safetensors"), F_OK) != 0; i++)
    nf_pause(1);
  nf_pause(300);
  char number[32];
  nf_slurp("pid", number, sizeof number);
  assert_true(strtol(number, NULL, 10) > 1);
  assert_int_equal(kill((pid_t)strtol(number, NULL, 10), SIGINT), 0);
  assert_int_equal(nf_wait(child), 128 + SIGINT);
  nf_safetensors f = open_file("s.last.safetensors");
  assert_true(strtol(nf_safetensors_metadata(&f, "step"), NULL, 10) > 0);
  nf_safetensors_free(&f);
  assert_int_equal(access(folder_path("s.safetensors"), F_OK), 0);
}

static void faults_are_one_line_of_one_rank(void **state) {
  (void)state;
  need_mpi();
  static const struct {
    const char *words;
    int status;
    const char *part;
  } bad[] = {
      {"-n 2 % eval @/none --data digits", 2, "nf eval: only nf train shares its work among ranks"},
      {"-n 2 % trian", 2, "nearest is 'train'"},
      {"-n 2 % " TRAIN "--batch 1 --out @/x", 2, "--batch 1: 2 ranks share a batch"},
      {"-n 2 % " TRAIN "--out @/none/x", 2, "cannot write"},
      {"-n 1 % " TRAIN "--out @/x : -n 1 % " TRAIN "--data png:@/none --out @/x", 2,
       "none: cannot read the folder"},
      {"-n 1 % " TRAIN "--out @/x : -n 1 % " TRAIN "--range 0:500 --out @/x", 2,
       "from 500 to 1797 samples on different ranks"},
      {"-n 2 % " TRAIN "--rate 900 --steps 50 --out @/x", 1, "matrix is singular in"},
      {"-n 2 % " TRAIN "--model nice --levels 1 --rate 900 --steps 50 --out @/y", 1,
       "value not finite in"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    nf_refuses(ranked(bad[i].words), 0, bad[i].status, bad[i].part);
}

int main(int argc, char **argv) {
  (void)argc;
  nf_find(argv[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_ranks_are_one_process),
      cmocka_unit_test(ranks_resume),
      cmocka_unit_test(ranks_end_together),
      cmocka_unit_test(faults_are_one_line_of_one_rank),
  };
  return cmocka_run_group_tests(tests, prepare, folder_remove);
}
