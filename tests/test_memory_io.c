/* Image sets and checkpoints are read and written while memory runs out (memory.h). */
#include "memory.h"

#include <jansson.h>

#include "data/images.h"
#include "folder.h"
#include "io/checkpoint.h"
#include "io/png.h"
#include "message.h"

/* --- image sets ------------------------------------------------------------------------------- */
/* A message says why, when and only when something went wrong. */
static void is_said(int status) { assert_int_equal(message[0] != 0, status != NF_OK); }

static bool load_images(void *subject, size_t k) {
  nf_images images = {0};
  message[0] = 0;
  memory_fail_at(k);
  const int status = nf_images_load(subject, &images, message);
  const bool failed = memory_failed();
  assert_int_equal(memory_went_well(subject, k, status, failed), images.pixel != NULL);
  is_said(status);
  nf_images_free(&images);
  return failed;
}

static bool convert_images(void *subject, size_t k) {
  nf_images images = {0};
  memory_fail_at(k);
  const int status = nf_images_from_batch(subject, 256, &images);
  const bool failed = memory_failed();
  assert_int_equal(memory_went_well("from a batch", k, status, failed), images.pixel != NULL);
  nf_images_free(&images);
  return failed;
}

typedef struct {
  size_t size;
  char byte[1 << 16];
} content;

static void read_file(const char *name, content *c) {
  FILE *f = fopen(folder_path(name), "rb");
  assert_non_null(f);
  c->size = fread(c->byte, 1, sizeof c->byte, f);
  assert_true(c->size < sizeof c->byte);
  fclose(f);
}

/* The file is what it should be, and beside it no other is left. */
static void stands(const char *name, const content *as) {
  static content now;
  read_file(name, &now);
  assert_int_equal(now.size, as->size);
  assert_memory_equal(now.byte, as->byte, as->size);
  DIR *d = opendir(folder_path(""));
  assert_non_null(d);
  for (const struct dirent *e; (e = readdir(d)) != NULL;) assert_null(strstr(e->d_name, ".tmp"));
  closedir(d);
}

static const content old = {3, "old"};
static content written;

static bool write_png(void *subject, size_t k) {
  folder_write("grid.png", old.byte, old.size);
  message[0] = 0;
  memory_fail_at(k);
  const int status = nf_png_write_grid(folder_path("grid.png"), subject, 2, message);
  const bool failed = memory_failed();
  stands("grid.png", memory_went_well("a PNG", k, status, failed) ? &written : &old);
  is_said(status);
  return failed;
}

static void image_sets_are_read_and_written(void **state) {
  (void)state;
  uint8_t record[3073] = {3}, idx[16 + 8] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2};
  const uint8_t labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
  folder_mkdir("cifar"), folder_mkdir("pictures");
  folder_write("cifar/data_batch_1.bin", record, sizeof record);
  folder_write("cifar/data_batch_2.bin", record, sizeof record);
  folder_write("images", idx, sizeof idx);
  folder_write("labels", labels, sizeof labels);
  nf_images grid = {2, {2, 2, 1}, 256, idx + 16, NULL};
  check_ok(nf_png_write_grid(folder_path("pictures/a.png"), &grid, 2, message));

  char spec[6][2100];
  snprintf(spec[0], sizeof *spec, "digits");
  snprintf(spec[1], sizeof *spec, "icons");
  snprintf(spec[2], sizeof *spec, "cifar10:%s", folder_path("cifar"));
  snprintf(spec[3], sizeof *spec, "cifar10:%s", folder_path("cifar/data_batch_1.bin"));
  snprintf(spec[4], sizeof *spec, "idx:%s,%s", folder_path("images"), folder_path("labels"));
  snprintf(spec[5], sizeof *spec, "png:%s", folder_path("pictures"));
  for (int i = 0; i < 6; i++) memory_exhaust(spec[i], load_images, spec[i]);

  double value[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  memory_exhaust("from a batch", convert_images, &(nf_batch){2, {2, 2, 1}, value, 0, 0});
  read_file("pictures/a.png", &written);
  memory_exhaust("a PNG", write_png, &grid);
}

/* --- checkpoints ------------------------------------------------------------------------------ */
static const nf_model model = {.family = NF_GLOW,
                               .shape = {2, 2, 1},
                               .levels = 1,
                               .steps = 1,
                               .width = 3,
                               .scale = NF_SCALE_SIGMOID,
                               .plu = true,
                               .learned_prior = true,
                               .pixel_levels = 17,
                               .alpha = 0.05};
static const nf_metadata note = {"note", "text"};

static bool save_once(void *subject, size_t k) {
  nf_trainer *t = subject;
  folder_write("saved", old.byte, old.size);
  message[0] = 0;
  memory_fail_at(k);
  const int status =
      nf_checkpoint_save(folder_path("saved"), &model, t->flow, t, 1, &note, message);
  const bool failed = memory_failed();
  stands("saved", memory_went_well("saving", k, status, failed) ? &written : &old);
  is_said(status);
  return failed;
}

static bool load_once(void *subject, size_t k) {
  const nf_trainer *as = subject;
  nf_checkpoint c = {0};
  message[0] = 0;
  memory_fail_at(k);
  const int status = nf_checkpoint_load(folder_path("checkpoint"), &c, message);
  const bool failed = memory_failed();
  if (memory_went_well("loading", k, status, failed))
    assert_memory_equal(c.flow->param, as->flow->param, c.flow->n_param * sizeof(nf_real));
  else
    assert_true(c.flow == NULL && c.file.header == NULL);
  is_said(status);
  nf_checkpoint_free(&c);
  return failed;
}

static void checkpoints_are_saved_and_loaded(void **state) {
  (void)state;
  const nf_train_settings set = nf_train_default();
  nf_trainer *t = NULL;
  nf_flow *flow = NULL;
  int status = NF_OK;
  double pixel[] = {0, 1, 3, 16};
  const nf_batch x = {1, model.shape, pixel, 0, 0};
  check_ok(nf_flow_new(&flow, nf_model_new(&model, &status), 1));
  check_ok(nf_trainer_new(&t, flow, &set));
  check_ok(nf_train_step(t, &x, NULL));
  const char *path = folder_path("checkpoint");
  check_ok(nf_checkpoint_save(path, &model, t->flow, t, 1, &note, message));
  read_file("checkpoint", &written);
  /* jansson's memory fails too, but not while it reads: 2.14 then writes past its buffer */
  json_malloc_t allocate;
  json_free_t release;
  json_get_alloc_funcs(&allocate, &release);
  json_set_alloc_funcs(malloc, free);
  memory_exhaust("saving", save_once, t);
  json_set_alloc_funcs(allocate, release);
  memory_exhaust("loading", load_once, t);
  nf_trainer_free(t);
  nf_flow_free(flow);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(image_sets_are_read_and_written),
      cmocka_unit_test(checkpoints_are_saved_and_loaded),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
