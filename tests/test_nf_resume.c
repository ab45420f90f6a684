/* A run that is killed, at any moment and as often as one likes, and resumed, ends in the very
 * bits of one that was left alone, whatever the number of threads; Ctrl-C ends it in order. */
#include "io/checkpoint.h"
#include "nf_command.h"

#define RUN "train --data digits --levels 2 --depth 2 --width 12 --every 15 --holdout 40 "

static nf_safetensors open_file(const char *name) {
  nf_safetensors f = {0};
  char message[NF_MESSAGE] = "";
  if (nf_safetensors_read(folder_path(name), &f, message) != NF_OK) fail_msg("%s", message);
  return f;
}

/* Every tensor bit for bit, and what the training knows but for the time it took. */
static void same_checkpoint(const char *a, const char *b) {
  nf_safetensors f = open_file(a), g = open_file(b);
  assert_int_equal(f.n, g.n);
  for (size_t i = 0; i < f.n; i++) {
    const nf_safetensor *t = nf_safetensors_find(&g, f.tensor[i].name);
    assert_true(t != NULL && t->dtype == NF_F32 && t->size == f.tensor[i].size);
    assert_memory_equal(t->byte, f.tensor[i].byte, 4 * t->size);
  }
  const char *const key[] = {"step", "plateau_best", "plateau_waited", "seed", "every"};
  for (int i = 0; i < 5; i++) {
    const char *x = nf_safetensors_metadata(&f, key[i]), *y = nf_safetensors_metadata(&g, key[i]);
    assert_true((x == NULL) == (y == NULL));
    if (x != NULL) assert_string_equal(x, y);
  }
  nf_safetensors_free(&f);
  nf_safetensors_free(&g);
}

/* The step of a last checkpoint, -1 while there is none: it appears whole or not at all. */
static long step_of(const char *name) {
  nf_safetensors f = {0};
  char message[NF_MESSAGE] = "";
  const int status = nf_safetensors_read(folder_path(name), &f, message);
  if (status == NF_EIO) return -1;
  if (status != NF_OK) fail_msg("%s", message);
  const long step = strtol(nf_safetensors_metadata(&f, "step"), NULL, 10);
  nf_safetensors_free(&f);
  return step;
}

static void wait_for_step(const char *name, long step) {
  for (int i = 0; i < 20000 && step_of(name) < step; i++) nf_pause(1);
  assert_true(step_of(name) >= step);
}

/* The log without its column of seconds. */
static void same_log(const char *a, const char *b, long steps) {
  static char one[1 << 16], two[1 << 16];
  char *x = one, *y = two;
  nf_slurp(a, one, sizeof one);
  nf_slurp(b, two, sizeof two);
  for (int line = 0;; line++) {
    char *p = strtok_r(x, "\n", &x), *q = strtok_r(y, "\n", &y);
    assert_true((p == NULL) == (q == NULL));
    if (p == NULL) {
      assert_int_equal(line, 1 + steps);
      return;
    }
    for (int column = 0; column < 7; column++) {
      const size_t m = strcspn(p, ","), n = strcspn(q, ",");
      if (column != 2) assert_true(m == n && memcmp(p, q, m) == 0);
      p += m + (p[m] == ','), q += n + (q[n] == ',');
    }
  }
}

static void killed_and_resumed_is_the_same(void **state) {
  (void)state;
  nf_fine(RUN "--steps 150 --threads 2 --out @/a.safetensors");
  int killed = 0, midway = 0;
  long before = 0;
  pid_t child = nf_start(RUN "--steps 150 --threads 1 --out @/b.safetensors", 0);
  for (int k = 0; k < 6; k++) {
    if (k % 2 == 0) /* between two checkpoints, and about when one is written */
      wait_for_step("b.last.safetensors", before + 15);
    nf_pause(5 * k);
    kill(child, SIGKILL);
    killed += nf_wait(child) == 1000 + SIGKILL;
    before = step_of("b.last.safetensors");
    midway += before > 0 && before < 140;
    child = nf_start(k % 2 == 0 ? RUN "--steps 150 --threads 2 --out @/b.safetensors --resume"
                                : RUN "--steps 150 --threads 1 --out @/b.safetensors --resume",
                     0);
  }
  assert_int_equal(nf_wait(child), 0);
  assert_true(killed >= 3 && midway >= 3);
  same_checkpoint("a.last.safetensors", "b.last.safetensors");
  same_checkpoint("a.safetensors", "b.safetensors");
  same_log("a.csv", "b.csv", 150);
}

static void interrupt(const char *words, const char *last, int number) {
  const pid_t child = nf_start(words, 0);
  wait_for_step(last, 0);
  nf_pause(100);
  kill(child, number);
  assert_int_equal(nf_wait(child), 128 + number);
  char text[4096];
  nf_slurp("stderr", text, sizeof text);
  assert_string_equal(text, "");
}

/* Also before the first validation there is something to use, and to go on from exactly. */
static void ctrl_c_saves(void **state) {
  (void)state;
#define LONG \
  "train --data digits --levels 1 --depth 1 --width 8 --every 100000 --decay constant --warmup 0 "
  interrupt(LONG "--steps 100000 --out @/c.safetensors", "c.last.safetensors", SIGINT);
  const long step = step_of("c.last.safetensors");
  assert_true(step > 0 && step < 100000);
  assert_non_null(strstr(nf_fine("eval @/c.safetensors --data digits")->out, "bits/dim"));
  FILE *log = fopen(folder_path("c.csv"), "a"); /* as if it had gone on before it was killed */
  fprintf(log, "%ld,0,1,2,3,4,\n%ld,0,", step + 1, step + 2);
  fclose(log);
  char words[400];
  snprintf(words, sizeof words, LONG "--steps %ld --resume --out @/c.safetensors", step + 20);
  nf_fine(words);
  snprintf(words, sizeof words, LONG "--steps %ld --out @/d.safetensors", step + 20);
  nf_fine(words);
  assert_true(step_of("c.last.safetensors") == step + 20);
  same_checkpoint("c.last.safetensors", "d.last.safetensors");
  same_checkpoint("c.safetensors", "d.safetensors");
  same_log("c.csv", "d.csv", step + 20);
  interrupt(LONG "--steps 100000 --out @/e.safetensors", "e.last.safetensors", SIGTERM);
}

static void resume_without_a_checkpoint_starts(void **state) {
  (void)state;
  const nf_result *r = nf_fine(RUN "--steps 9 --out @/n.safetensors --resume");
  assert_non_null(strstr(r->out, "n.last.safetensors is not there: this is step 0"));
  nf_fine(RUN "--steps 9 --out @/o.safetensors");
  same_checkpoint("n.last.safetensors", "o.last.safetensors");
}

/* Adam within backward, and most activations computed again: the weights are the same. */
static void lean_is_the_same(void **state) {
  (void)state;
#define STEADY RUN "--decay constant --warmup 0 "
  nf_fine(STEADY "--steps 45 --threads 1 --out @/l.safetensors");
  nf_fine(STEADY "--steps 30 --threads 2 --lean --out @/k.safetensors");
  nf_fine(STEADY "--steps 45 --threads 1 --resume --out @/k.safetensors");
  same_checkpoint("l.last.safetensors", "k.last.safetensors");
  same_checkpoint("l.safetensors", "k.safetensors");
  nf_fine(STEADY "--steps 45 --threads 2 --lean --out @/j.safetensors");
  same_checkpoint("l.last.safetensors", "j.last.safetensors");
}

static void minutes_end(void **state) {
  (void)state;
  nf_fine(RUN "--minutes 0.005 --out @/m.safetensors");
  assert_true(step_of("m.last.safetensors") > 0);
  nf_fine(RUN "--epochs 1 --out @/m.safetensors");
  assert_true(step_of("m.last.safetensors") == (1797 - 40) / 64);
}

int main(int argc, char **argv) {
  (void)argc;
  nf_find(argv[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(killed_and_resumed_is_the_same),
      cmocka_unit_test(ctrl_c_saves),
      cmocka_unit_test(resume_without_a_checkpoint_starts),
      cmocka_unit_test(lean_is_the_same),
      cmocka_unit_test(minutes_end),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
