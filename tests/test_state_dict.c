/* Chapter 9 on a reader's own file: ch09_pytorch_coupling --state-dict FILE. The committed file in
 * other orders and precisions gives PyTorch's numbers, too; whatever is not an AffineCoupling is
 * one line on stderr that names file and tensor, and exit status 2. */
#include <sys/wait.h>

#include "folder.h"
#include "golden.h"
#include "io/safetensors.h"

enum { TENSORS = 6, LARGE = 300 * 40 };

static nf_safetensors example;
static nf_real values[TENSORS][LARGE];
static nf_saved_tensor full[TENSORS + 1];

static int prepare(void **state) {
  nf_error e = {0};
  if (folder_make(state) != 0) return -1;
  check_ok(nf_safetensors_read("golden/ch09_state_dict.safetensors", &example, &e));
  assert_int_equal(example.n, TENSORS);
  for (size_t k = 0; k < TENSORS; k++) {
    const nf_safetensor *t = &example.tensor[k];
    check_ok(nf_safetensor_values(t, values[k]));
    full[k] = (nf_saved_tensor){t->name, t->rank, {t->dim[0], t->dim[1]}, values[k]};
  }
  return 0;
}

static int end(void **state) {
  nf_safetensors_free(&example);
  return folder_remove(state);
}

/* The program's exit status; what it prints on the channel that `redirect` leaves open. */
static int chapter(const char *redirect, char printed[4096]) {
  char command[2400];
  const char *b = getenv("B");
  snprintf(command, sizeof command,
           "'%s/chapters/ch09_pytorch_coupling' --csv --state-dict '%s' %s", b ? b : "build",
           folder_path("dict"), redirect);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  printed[fread(printed, 1, 4095, f)] = 0;
  const int status = pclose(f);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void save(size_t n, const nf_saved_tensor tensor[]) {
  nf_error e = {0};
  check_ok(nf_safetensors_write(folder_path("dict"), n, tensor, 0, NULL, &e));
}

/* In F64 and backwards, and so no longer the bytes that PyTorch's file has. */
static void any_order_and_precision(void **state) {
  (void)state;
  nf_saved_tensor backwards[TENSORS];
  for (size_t k = 0; k < TENSORS; k++) backwards[k] = full[TENSORS - 1 - k];
  save(TENSORS, backwards);
  char printed[4096], *rest = printed;
  assert_int_equal(chapter("2>&1", printed), 0);
  golden_file *g = golden_read("golden/ch09_pytorch_coupling.txt");
  size_t seen = 0;
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
    char *comma = strchr(line, ',');
    if (strncmp(line, "state_dict", 10) != 0) continue;
    assert_non_null(comma);
    *comma = 0;
    const golden_quantity *q = golden_find(g, line);
    assert_non_null(q);
    check_close(line, strtod(comma + 1, NULL), q->value, q->atol, q->rtol);
    seen++;
  }
  assert_int_equal(seen, 3 * 6 + 3 + 3);
  free(g);
}

/* The reader's weights are used, and not the example's. */
static void other_weights_other_numbers(void **state) {
  (void)state;
  char before[4096], after[4096];
  save(TENSORS, full);
  assert_int_equal(chapter("2>&1", before), 0);
  values[5][0] += 0.25; /* the bias of s_1: one quarter more in the log-det */
  save(TENSORS, full);
  values[5][0] -= 0.25;
  assert_int_equal(chapter("2>&1", after), 0);
  for (int n = 1; n <= 3; n++) {
    char name[32];
    snprintf(name, sizeof name, "state_dict_log_det_%d,", n);
    check_close(name, strtod(strstr(after, name) + strlen(name), NULL),
                strtod(strstr(before, name) + strlen(name), NULL) + 0.25, 1e-14, 0);
  }
}

static void refuses(size_t n, const nf_saved_tensor tensor[], const char *part) {
  char printed[4096];
  save(n, tensor);
  assert_int_equal(chapter("2>&1 >/dev/null", printed), 2);
  const size_t length = strlen(printed);
  if (length == 0 || strchr(printed, '\n') != printed + length - 1 ||
      strstr(printed, "/dict: ") == NULL || strstr(printed, part) == NULL)
    fail_msg("not one line about the file with '%s' but: %s", part, printed);
}

static void other_files_are_refused(void **state) {
  (void)state;
  nf_saved_tensor t[TENSORS + 1];
  static const char *const name[TENSORS] = {"nn.0.weight", "nn.0.bias",   "nn.2.weight",
                                            "nn.2.bias",   "nn.4.weight", "nn.4.bias"};
  char part[64];
  for (size_t k = 0; k < TENSORS; k++) {
    memcpy(t, full, sizeof t);
    t[k] = t[TENSORS - 1]; /* the last takes the place of the missing one */
    snprintf(part, sizeof part, "there is no tensor '%s'", name[k]);
    refuses(TENSORS - 1, t, part);
    memcpy(t, full, sizeof t);
    t[k].name = "net.0.weight";
    refuses(TENSORS, t, part);
  }
  memcpy(t, full, sizeof t);
  t[TENSORS] = full[0], t[TENSORS].name = "nn.6.weight";
  refuses(TENSORS + 1, t, "it has 7 tensors; AffineCoupling has 6");

  t[2].dim[0] = 5, t[2].dim[1] = 20; /* as many values */
  refuses(TENSORS, t, "nn.2.weight is 5×20; beside nn.0.weight of 10×3 it must be 10×10");
  memcpy(t, full, sizeof t);
  t[4].dim[0] = 10, t[4].dim[1] = 6; /* (in, out) */
  refuses(TENSORS, t, "nn.4.weight is 10×6; beside nn.0.weight of 10×3 it must be 6×10");
  memcpy(t, full, sizeof t);
  t[0].rank = 1, t[0].dim[0] = 30;
  refuses(TENSORS, t, "nn.0.weight is of rank 1; it must be of rank 2");
  t[0] = full[0], t[3].rank = 2, t[3].dim[1] = 1;
  refuses(TENSORS, t, "nn.2.bias is of rank 2; it must be of rank 1");
  t[3] = full[3], t[0].dim[0] = 300, t[0].dim[1] = 40;
  refuses(TENSORS, t, "AffineCoupling(dim=80, hidden=300); at most (64, 256) fits here");

  memcpy(t, full, sizeof t);
  values[1][7] = NAN;
  refuses(TENSORS, t, "nn.0.bias: value 8 is not finite");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_and_precision),
      cmocka_unit_test(other_weights_other_numbers),
      cmocka_unit_test(other_files_are_refused),
  };
  return cmocka_run_group_tests_name("state_dict", tests, prepare, end);
}
