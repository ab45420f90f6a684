/* Image sets, points and checkpoints, for test_allocation. */
#include "allocation.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/message.h"
#include "data/images.h"
#include "folder.h"
#include "io/checkpoint.h"
#include "io/png.h"

static const uint8_t idx[16 + 8] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2};
static char message[NF_MESSAGE];

/* A message stands there when, and only when, the call failed. */
static int with_message(int status) {
  assert_int_equal(message[0] != 0, status != NF_OK);
  message[0] = 0;
  return status;
}

/* --- image sets ------------------------------------------------------------------------------- */

typedef struct {
  char set[2100]; /* its name */
  nf_images images;
} images_call;

static int images_load(void *subject) {
  images_call *c = subject;
  return with_message(nf_images_load(c->set, &c->images, message));
}
static int images_convert(void *subject) {
  images_call *c = subject;
  nf_real value[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  return nf_images_from_batch(&(nf_batch){2, {2, 2, 1}, value, 0, 0}, 256, &c->images);
}
static size_t images_state(void *subject, char *to) {
  const nf_images *i = &((images_call *)subject)->images;
  return i->pixel == NULL ? 0 : allocation_put(to, 0, i->pixel, i->n * nf_shape_size(i->shape));
}
static void images_end(void *subject) { nf_images_free(&((images_call *)subject)->images); }

static void write_images(nf_images *grid) {
  static uint8_t record[3073] = {3}, labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
  folder_mkdir("cifar"), folder_mkdir("pictures");
  folder_write("cifar/data_batch_1.bin", record, sizeof record);
  folder_write("cifar/data_batch_2.bin", record, sizeof record);
  folder_write("images", idx, sizeof idx);
  folder_write("labels", labels, sizeof labels);
  check_ok(nf_png_write_grid(folder_path("pictures/a.png"), grid, 2, message));
}

static nf_images grid_of_two(void) {
  static uint8_t pixel[8];
  return (nf_images){2, {2, 2, 1}, 256, pixel, NULL};
}

static const char *const images_name[] = {"digits",         "icons", "cifar10:a folder",
                                          "cifar10:a file", "idx",   "png"};
enum { IMAGES = sizeof images_name / sizeof *images_name };

static void test_images(void **state) {
  const allocation_row *row = *state;
  images_call c = {.set = "", .images = {0}};
  nf_images grid = grid_of_two();
  write_images(&grid);
  if (row->a < 2) snprintf(c.set, sizeof c.set, "%s", images_name[row->a]);
  if (row->a == 2) snprintf(c.set, sizeof c.set, "cifar10:%s", folder_path("cifar"));
  if (row->a == 3)
    snprintf(c.set, sizeof c.set, "cifar10:%s", folder_path("cifar/data_batch_1.bin"));
  if (row->a == 4)
    snprintf(c.set, sizeof c.set, "idx:%s,%s", folder_path("images"), folder_path("labels"));
  if (row->a == 5) snprintf(c.set, sizeof c.set, "png:%s", folder_path("pictures"));
  memory_check(&(memory_call){row->name, &c, NULL, images_load, images_state, images_end});
  folder_remove_path(folder_path("cifar"));
  folder_remove_path(folder_path("pictures"));
}

static void test_conversion(void **state) {
  const allocation_row *row = *state;
  images_call c = {.set = "", .images = {0}};
  memory_check(&(memory_call){row->name, &c, NULL, images_convert, images_state, images_end});
}

/* --- files that are written --------------------------------------------------------------------
 */

static void file_start(void *subject) {
  (void)subject;
  folder_write("written", "old", 3);
}

/* The file's bytes, and how many others lie beside it. */
static size_t file_state(void *subject, char *to) {
  (void)subject;
  FILE *f = fopen(folder_path("written"), "rb");
  assert_non_null(f);
  size_t size = fread(to, 1, MEMORY_STATE - 1, f);
  fclose(f);
  DIR *d = opendir(folder_path(""));
  assert_non_null(d);
  char files = 0;
  while (readdir(d) != NULL) files++;
  closedir(d);
  to[size++] = files;
  return size;
}

static int png_write(void *subject) {
  return with_message(nf_png_write_grid(folder_path("written"), subject, 2, message));
}

static void test_png(void **state) {
  const allocation_row *row = *state;
  nf_images grid = grid_of_two();
  memory_check(&(memory_call){row->name, &grid, file_start, png_write, file_state, NULL});
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

typedef struct {
  nf_trainer *trainer;
  nf_checkpoint loaded;
} checkpoint_call;

static int save(void *subject) {
  const nf_trainer *t = ((checkpoint_call *)subject)->trainer;
  const char *path = folder_path("written");
  return with_message(nf_checkpoint_save(path, &model, t->flow, t, 1, &note, message));
}

static int load(void *subject) {
  checkpoint_call *c = subject;
  return with_message(nf_checkpoint_load(folder_path("written"), &c->loaded, message));
}
static size_t load_state(void *subject, char *to) {
  const nf_checkpoint *c = &((checkpoint_call *)subject)->loaded;
  size_t at = allocation_put(to, 0, &(bool){c->file.header != NULL}, sizeof(bool));
  if (c->flow == NULL) return at;
  return allocation_put(to, at, c->flow->param, c->flow->n_param * sizeof(nf_real));
}
static void load_end(void *subject) { nf_checkpoint_free(&((checkpoint_call *)subject)->loaded); }

static void test_checkpoint(void **state) {
  const allocation_row *row = *state;
  const nf_train_settings set = nf_train_default();
  nf_flow *flow = NULL;
  checkpoint_call c = {0};
  int status = NF_OK;
  nf_real pixel[] = {0, 1, 3, 16};
  check_ok(nf_flow_new(&flow, nf_model_new(&model, &status), 1));
  check_ok(nf_trainer_new(&c.trainer, flow, &set));
  check_ok(nf_train_step(c.trainer, &(nf_batch){1, model.shape, pixel, 0, 0}, NULL));
  check_ok(save(&c));
  if (row->a == 0) {
    /* jansson's memory fails too, but not while it reads: 2.14 then writes past its buffer */
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(malloc, free);
    memory_check(&(memory_call){row->name, &c, file_start, save, file_state, NULL});
    json_set_alloc_funcs(allocate, release);
  } else {
    memory_check(&(memory_call){row->name, &c, NULL, load, load_state, load_end});
  }
  nf_trainer_free(c.trainer);
  nf_flow_free(flow);
}

void allocation_add_files(void) {
  char name[160];
  for (int i = 0; i < IMAGES; i++) {
    snprintf(name, sizeof name, "images_load: %s", images_name[i]);
    allocation_add(name, test_images, i, 0, 0);
  }
  allocation_add("images from samples", test_conversion, 0, 0, 0);
  allocation_add("png_write_grid", test_png, 0, 0, 0);
  allocation_add("saving a checkpoint", test_checkpoint, 0, 0, 0);
  allocation_add("loading a checkpoint", test_checkpoint, 1, 0, 0);
}
