/* Points, image sets and checkpoints, for test_allocation. */
#include "allocation.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "folder.h"
#include "io/npy.h"
#include "io/png.h"

/* --- points and image sets: what is read ---------------------------------------------------- */

typedef struct {
  int what;
  char name[2100]; /* of a set, or the path of points */
  nf_points points;
  nf_images images;
} read_call;

typedef enum {
  DIGITS,
  ICONS,
  CIFAR10_FOLDER,
  CIFAR10_FILE,
  IDX,
  PNG,
  FOLDER,
  CSV,
  NUMBERS,
  NPY,
  NEW,
  VALUES
} source;
static const char *const source_name[] = {"images_load, digits",
                                          "images_load, icons",
                                          "images_load, cifar10, a folder",
                                          "images_load, cifar10, a file",
                                          "images_load, idx",
                                          "images_load, png",
                                          "images_load, images",
                                          "points_read_csv, names of columns",
                                          "points_read_csv, numbers alone",
                                          "points_read_npy",
                                          "images_new",
                                          "images_from_values"};
enum { SOURCES = sizeof source_name / sizeof *source_name };

static nf_images two_images(void) {
  static uint8_t pixel[8];
  return (nf_images){2, {2, 2, 1}, 256, pixel, NULL};
}

/* A file of the fuzz targets' corpus. */
static void link_picture(const char *from, const char *to) {
  char path[1100];
  assert_non_null(getcwd(path, 1000));
  strcat(strcat(path, "/tests/fuzz/"), from);
  assert_int_equal(symlink(path, folder_path(to)), 0);
}

static void write_files(void) {
  const uint8_t idx[16 + 8] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2};
  const uint8_t record[3073] = {3}, labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
  gzFile gz = gzopen(folder_path("labels"), "wb");
  const char csv[] = "length,width\n0.5,1\n2,-3\n";
  const nf_images images = two_images();
  folder_mkdir("cifar"), folder_mkdir("pictures"), folder_mkdir("camera");
  folder_write("cifar/data_batch_1.bin", record, sizeof record);
  folder_write("cifar/data_batch_2.bin", record, sizeof record);
  folder_write("images", idx, sizeof idx);
  assert_int_equal(gzwrite(gz, labels, sizeof labels), sizeof labels);
  assert_int_equal(gzclose(gz), Z_OK);
  folder_write("points.csv", csv, sizeof csv - 1);
  folder_write("numbers.csv", "0.5 1\n2 -3\n", 11);
  check_ok(nf_npy_write(folder_path("points.npy"), 1, (const size_t[]){2}, (nf_real[2]){1}, NULL));
  check_ok(nf_png_write_grid(folder_path("pictures/a.png"), &images, 2, 1, NULL));
  link_picture("jpeg/turned", "camera/a");
  link_picture("png/turned", "camera/b");
}

static void name_source(source what, char *to, size_t size) {
  if (what == DIGITS || what == ICONS) snprintf(to, size, what == DIGITS ? "digits" : "icons");
  if (what == CIFAR10_FOLDER) snprintf(to, size, "cifar10:%s", folder_path("cifar"));
  if (what == CIFAR10_FILE) snprintf(to, size, "cifar10:%s", folder_path("cifar/data_batch_1.bin"));
  if (what == IDX) snprintf(to, size, "idx:%s,%s", folder_path("images"), folder_path("labels"));
  if (what == PNG) snprintf(to, size, "png:%s", folder_path("pictures"));
  if (what == FOLDER) snprintf(to, size, "images:%s", folder_path("camera"));
  if (what == CSV) snprintf(to, size, "%s", folder_path("points.csv"));
  if (what == NUMBERS) snprintf(to, size, "%s", folder_path("numbers.csv"));
  if (what == NPY) snprintf(to, size, "%s", folder_path("points.npy"));
}

static void read_run(void *subject, nf_error *e) {
  read_call *c = subject;
  const nf_real value[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  switch (c->what) {
    case CSV:
    case NUMBERS:
      nf_points_read_csv(c->name, &c->points, e);
      break;
    case NPY:
      nf_points_read_npy(c->name, &c->points, e);
      break;
    case NEW:
      if (nf_images_new(2, nf_image(2, 2, 1), 256, true, &c->images, e) == NF_OK)
        memset(c->images.pixel, 0, 8);
      break;
    case VALUES:
      nf_images_from_values(2, nf_image(2, 2, 1), value, 256, &c->images, e);
      break;
    default:
      nf_images_load(c->name, &c->images, e);
  }
}

static size_t read_state(void *subject, char *to) {
  const read_call *c = subject;
  const nf_images *i = &c->images;
  const nf_points *p = &c->points;
  size_t at = allocation_put(to, 0, &i->n, sizeof i->n);
  at = allocation_put(to, at, &p->n, sizeof p->n);
  if (i->pixel != NULL) at = allocation_put(to, at, i->pixel, i->n * nf_shape_size(i->shape));
  if (p->x != NULL) at = allocation_put(to, at, p->x, p->n * p->d * sizeof *p->x);
  for (size_t k = 0; p->column != NULL && k < p->d; k++)
    if (p->column[k] != NULL) at = allocation_put(to, at, p->column[k], strlen(p->column[k]) + 1);
  return at;
}

static void read_end(void *subject) {
  read_call *c = subject;
  nf_images_free(&c->images);
  nf_points_free(&c->points);
}

static void test_read(void **state) {
  const allocation_row *row = *state;
  read_call c = {.what = row->a};
  write_files();
  name_source((source)row->a, c.name, sizeof c.name);
  memory_check(&(memory_call){row->name, &c, NULL, read_run, read_state, read_end});
  folder_remove_path(folder_path("cifar"));
  folder_remove_path(folder_path("pictures"));
  folder_remove_path(folder_path("camera"));
}

/* --- files that are written ----------------------------------------------------------------- */

static void file_start(void *subject) {
  (void)subject;
  folder_write("written", "old", 3);
}

/* The file's bytes, and the number of files in the folder. */
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

static void png_write(void *subject, nf_error *e) {
  nf_png_write_grid(folder_path("written"), subject, 2, 1, e);
}

static void test_png(void **state) {
  const allocation_row *row = *state;
  nf_images images = two_images();
  memory_check(&(memory_call){row->name, &images, file_start, png_write, file_state, NULL});
}

/* --- checkpoints ---------------------------------------------------------------------------- */

static const nf_model model = {.family = NF_GLOW,
                               .shape = {2, 2, 1},
                               .levels = 1,
                               .steps = 1,
                               .width = 3,
                               .scale = NF_SCALE_SIGMOID,
                               .plu = true,
                               .learned_prior = true,
                               .bins = 17,
                               .alpha = 0.05,
                               .seed = 1};

typedef struct {
  nf_flow *flow, *loaded, *into;
  nf_trainer *trainer, *trainer_into;
} checkpoint_call;

static void save(void *subject, nf_error *e) {
  const checkpoint_call *c = subject;
  nf_save(folder_path("written"), c->flow, c->trainer, e);
}

static void load(void *subject, nf_error *e) {
  checkpoint_call *c = subject;
  c->loaded = nf_load(folder_path("written"), e);
}
static size_t load_state(void *subject, char *to) {
  nf_flow *f = ((checkpoint_call *)subject)->loaded;
  if (f == NULL) return 0;
  return allocation_put(to, 0, nf_flow_param(f), nf_flow_n_param(f) * sizeof(nf_real));
}
static void load_end(void *subject) {
  checkpoint_call *c = subject;
  nf_flow_free(c->loaded);
  c->loaded = NULL;
}

/* A flow and trainer of other values */
static void load_into_start(void *subject) {
  checkpoint_call *c = subject;
  const nf_train_settings set = nf_train_default();
  nf_error e = {0};
  nf_model other = model;
  other.seed = 2;
  c->into = nf_flow_from_model(&other, &e);
  c->trainer_into = nf_trainer_new(c->into, &set, &e);
  check_no_error(&e);
}
static void load_into(void *subject, nf_error *e) {
  const checkpoint_call *c = subject;
  nf_load_into(folder_path("written"), c->into, c->trainer_into, e);
}
static size_t load_into_state(void *subject, char *to) {
  const checkpoint_call *c = subject;
  const uint64_t steps = nf_trainer_steps(c->trainer_into);
  const size_t at = allocation_put(to, 0, &steps, sizeof steps);
  return allocation_put(to, at, nf_flow_param(c->into), nf_flow_n_param(c->into) * sizeof(nf_real));
}
static void load_into_end(void *subject) {
  checkpoint_call *c = subject;
  nf_trainer_free(c->trainer_into);
  nf_flow_free(c->into);
}

/* Here jansson's allocations fail, too; not in reading, where 2.14 then writes past its buffer. */
static void check_save(const memory_call *call) {
  json_malloc_t allocate;
  json_free_t release;
  json_get_alloc_funcs(&allocate, &release);
  json_set_alloc_funcs(malloc, free);
  memory_check(call);
  json_set_alloc_funcs(allocate, release);
}

static void test_checkpoint(void **state) {
  const allocation_row *row = *state;
  const nf_train_settings set = nf_train_default();
  const nf_real pixel[] = {0, 1, 3, 16};
  nf_error e = {0};
  checkpoint_call c = {.flow = nf_flow_from_model(&model, &e)};
  c.trainer = nf_trainer_new(c.flow, &set, &e);
  nf_train_step(c.trainer, 1, pixel, NULL, &e);
  save(&c, &e);
  check_no_error(&e);
  const memory_call call[] = {
      {row->name, &c, file_start, save, file_state, NULL},
      {row->name, &c, NULL, load, load_state, load_end},
      {row->name, &c, load_into_start, load_into, load_into_state, load_into_end},
  };
  if (row->a == 0)
    check_save(&call[0]);
  else
    memory_check(&call[row->a]);
  nf_trainer_free(c.trainer);
  nf_flow_free(c.flow);
}

void allocation_add_files(void) {
  for (int i = 0; i < SOURCES; i++) allocation_add(source_name[i], test_read, i, 0, 0);
  allocation_add("png_write_grid", test_png, 0, 0, 0);
  allocation_add("save", test_checkpoint, 0, 0, 0);
  allocation_add("load", test_checkpoint, 1, 0, 0);
  allocation_add("load_into", test_checkpoint, 2, 0, 0);
}
