/* Chapter 8 and its kind of flow on CIFAR-10's own photographs, when the folder is there: bits/dim
 * are finite and the way back gives every pixel again. And what the program says, on one line
 * and with exit status 2, when a folder, a file, an image or a picture is not what it should be. */
#include <math.h>
#include <sys/wait.h>

#include "data/images.h"
#include "flow/flow.h"
#include "flow/models.h"
#include "folder.h"

enum { D = 3072, RECORD = 1 + D };
static const char *const cifar10 = "../shared/data/cifar10";

static void need_cifar10(void) {
  if (access(cifar10, R_OK) == 0) return;
  print_message("%s is not here: skipped\n", cifar10);
  skip();
}

/* --- the flow -------------------------------------------------------------------------------- */

/* Born as always, then every parameter moved by 0.02·N(0, 1), so that no layer is the identity. */
static nf_flow *build(nf_family family, const nf_batch *first_data) {
  int status = NF_OK;
  nf_flow *flow = NULL;
  nf_model m = nf_model_default(family, first_data->shape);
  m.steps = 2;
  m.width = 16;
  nf_bijector *b = nf_model_new(&m, &status);
  check_ok(status);
  check_ok(nf_flow_new(&flow, b, 3));
  for (size_t i = 0; i < flow->n_param; i++) flow->param[i] += 0.02 * nf_random_normal(3, 1000, i);
  check_ok(nf_flow_observe(flow, first_data));
  return flow;
}

static void check_images(nf_family family, bool test) {
  enum { N = 6 };
  nf_images set;
  char message[NF_MESSAGE];
  double *x = malloc(3 * N * D * sizeof *x), *z = x + N * D, *back = z + N * D;
  double log_p[N], log_det[N], log_det_back[N];
  assert_non_null(x);
  check_ok(nf_images_cifar10(cifar10, test, &set, message));
  nf_batch batch = {.data = x};
  check_ok(nf_images_batch(&set, 100, N, &batch));
  nf_images_free(&set);

  nf_flow *flow = build(family, &batch);
  check_ok(nf_flow_log_prob(flow, &batch, log_p));
  check_ok(nf_flow_forward(flow, &batch, z, log_det));
  const nf_batch latent = {.n = N, .shape = flow->bijector->out, .data = z};
  check_ok(nf_flow_inverse(flow, &latent, back, log_det_back));
  for (size_t i = 0; i < N; i++) {
    const double bits = nf_bits_per_dim(log_p[i], D);
    if (!(bits > 2 && bits < 16)) fail_msg("image %zu: %g bits/dim", 100 + i, bits);
    check_close("the log-dets there and back", log_det_back[i], -log_det[i], 0, 1e-10);
    for (size_t k = 0; k < D; k++)
      if (back[i * D + k] != x[i * D + k])
        fail_msg("image %zu, value %zu: %g became %g", 100 + i, k, x[i * D + k], back[i * D + k]);
  }
  nf_flow_free(flow);
  free(x);
}

static void test_glow(void **state) {
  (void)state;
  need_cifar10();
  check_images(NF_GLOW, false);
}
static void test_realnvp(void **state) {
  (void)state;
  need_cifar10();
  check_images(NF_REALNVP, true);
}

/* --- the program ----------------------------------------------------------------------------- */

static char output[1 << 16];

/* Runs chapter 8; its stdout, or stderr alone, is in `output`. Returns the exit status. */
static int chapter(const char *arguments, bool only_errors) {
  char command[2048];
  const char *b = getenv("B");
  snprintf(command, sizeof command, "'%s/chapters/ch08_multiscale_image_flow' --csv %s %s",
           b ? b : "build", arguments, only_errors ? "2>&1 >/dev/null" : "");
  FILE *f = popen(command, "r");
  assert_non_null(f);
  output[fread(output, 1, sizeof output - 1, f)] = 0;
  const int status = pclose(f);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static double value_of(const char *name) {
  const char *at = strstr(output, name);
  if (!at) fail_msg("there is no %s in\n%s", name, output);
  return strtod(at + strlen(name), NULL);
}

static void test_chapter(void **state) {
  (void)state;
  need_cifar10();
  double last = 0;
  for (int index = 7; index <= 9999; index += 4996) {
    char arguments[200];
    snprintf(arguments, sizeof arguments, "--cifar %s --index %d", cifar10, index);
    assert_int_equal(chapter(arguments, false), 0);
    const double bits = value_of("\nbits_per_dim,");
    if (!(bits > 2 && bits < 16)) fail_msg("image %d: %g bits/dim", index, bits);
    if (bits == last) fail_msg("--index %d is the image before it", index);
    check_close("pixels_wrong", value_of("\npixels_wrong,"), 0, 0, 0);
    last = bits;
  }
}

/* The arguments, and what the one line must name. */
static void check_refused(const char *arguments, const char *must_name) {
  const int status = chapter(arguments, true);
  if (status != 2) fail_msg("%s: exit status %d\n%s", arguments, status, output);
  const char *end = strchr(output, '\n');
  if (!end || end[1]) fail_msg("%s: not one line on stderr but\n%s", arguments, output);
  if (!strstr(output, must_name))
    fail_msg("%s: no word of %s in\n%s", arguments, must_name, output);
}

static void check_folder_refused(const char *path, const char *arguments, const char *must_name) {
  char all[1200];
  snprintf(all, sizeof all, "--cifar '%s' %s", path, arguments);
  check_refused(all, must_name);
}

static void test_refused(void **state) {
  (void)state;
  static unsigned char records[2 * RECORD];
  folder_mkdir("empty");
  folder_mkdir("cut");
  folder_mkdir("label");
  folder_mkdir("two");
  folder_write("cut/data_batch_1.bin", records, 2 * RECORD - 1);
  folder_write("two/data_batch_1.bin", records, 2 * RECORD);
  records[RECORD] = 10;
  folder_write("label/data_batch_1.bin", records, 2 * RECORD);

  check_folder_refused(folder_path("nowhere"), "", "nowhere");
  check_folder_refused(folder_path("empty"), "", "data_batch");
  check_folder_refused(folder_path("cut"), "", "data_batch_1.bin");
  check_folder_refused(folder_path("label"), "", "label");
  check_folder_refused(folder_path("two"), "--index 2", "0 to 1");
  check_refused("--index 214", "0 to 213");
  check_refused("--index 1.5", "1.5");
  char png[1100];
  snprintf(png, sizeof png, "--png '%s'", folder_path("nowhere/samples.png"));
  check_refused(png, "samples.png");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_glow),
      cmocka_unit_test(test_realnvp),
      cmocka_unit_test(test_chapter),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests_name("cifar10", tests, folder_make, folder_remove);
}
