/* Data by their name on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "core/nearest.h"
#include "core/number.h"

static int load_toy(const char *name, cli_data *d, nf_error *e) {
  d->toy = nf_toy_find(name, e);
  if (d->toy == NULL) return nf_status_of(e);
  d->n = CLI_TOY_POINTS;
  d->shape = nf_point(2);
  d->point = malloc(2 * CLI_TOY_POINTS * sizeof *d->point);
  if (d->point == NULL) return nf_fail(e, NF_ENOMEM, "toy:%s: out of memory", name);
  nf_toy_sample(d->toy, 1, 0, d->n, d->point);
  return NF_OK;
}

/* False with an error that names what there is: a kind of images or of points, or the name of a toy
 * alone. */
static bool is_known(const char *spec, nf_error *e) {
  enum { CSV = NF_IMAGE_KINDS, NPY, TOY, CHOICES = TOY + 1 + NF_TOYS };
  const char *choice[CHOICES];
  char word[64], near[NF_NEAREST];
  snprintf(word, sizeof word, "%.*s", (int)strcspn(spec, ":"), spec);
  for (int i = 0; i < NF_IMAGE_KINDS; i++) choice[i] = nf_image_kinds[i];
  choice[CSV] = "csv", choice[NPY] = "npy", choice[TOY] = "toy";
  for (int i = 0; i <= TOY; i++)
    if (strcmp(word, choice[i]) == 0) return true;
  for (int i = 0; i < NF_TOYS; i++) choice[TOY + 1 + i] = nf_toys[i].name;
  struct stat file;
  if (stat(spec, &file) == 0) {
    if (S_ISDIR(file.st_mode))
      nf_fail(e, NF_EINVAL, "%s: a folder of images is given as images:%s", spec, spec);
    else
      nf_fail(e, NF_EINVAL,
              "%s: a file of points is given as csv:%s or npy:%s, images as images:DIR with their "
              "folder",
              spec, spec, spec);
    return false;
  }
  const char *nearest = nf_nearest(word, CHOICES, choice);
  bool is_toy = false;
  for (int i = TOY + 1; i < CHOICES; i++) is_toy = is_toy || nearest == choice[i];
  nf_nearest_text(is_toy ? "toy:" : "", nearest, near);
  nf_fail(e, NF_EINVAL,
          "%s: no such data%s; there are digits, icons, cifar10:DIR, "
          "cifar10-test:DIR, cifar100:DIR, cifar100-test:DIR, idx:IMAGES[,LABELS], png:DIR, "
          "images:DIR, csv:FILE, npy:FILE and toy:NAME",
          spec, near);
  return false;
}

static int cut(const char *range, cli_data *d, nf_error *e) {
  char from[24] = "", to[24] = "", rest;
  uint64_t a, b;
  if (sscanf(range, "%20[0-9]:%20[0-9]%c", from, to, &rest) != 2 ||
      !nf_read_whole(from, d->n, &a) || !nf_read_whole(to, d->n, &b) || a >= b)
    return nf_fail(e, NF_EINVAL, "--range %s: it must be A:B with 0 ≤ A < B ≤ %zu", range, d->n);
  d->first = (size_t)a;
  d->n = (size_t)(b - a);
  return NF_OK;
}

/* --- images of a folder --------------------------------------------------------------------- */

static void print_skipped(void *user, const char *line) {
  ++*(size_t *)user;
  cli_note("%s; skipped", line);
}

static bool read_size(const char *text, nf_folder_options *to) {
  char height[24] = "", width[24] = "", rest;
  uint64_t h, w;
  if (sscanf(text, "%20[0-9]x%20[0-9]%c", height, width, &rest) != 2 ||
      !nf_read_whole(height, 4096, &h) || !nf_read_whole(width, 4096, &w) || h == 0 || w == 0)
    return false;
  to->h = (size_t)h;
  to->w = (size_t)w;
  return true;
}

static int load_folder(const char *path, const cli_data_choice *c, nf_images *out, nf_error *e) {
  size_t skipped = 0;
  nf_folder_options o = {.recursive = c->recursive, .skipped = print_skipped, .user = &skipped};
  if (c->size != NULL && !read_size(c->size, &o))
    return nf_fail(e, NF_EINVAL,
                   "--size %s: it must be HxW, height and width from 1 to 4096, as in 32x32",
                   c->size);
  nf_error own = {0};
  const int status = nf_images_folder(path, &o, out, &own);
  if (status == NF_OK && skipped > 0)
    cli_note("images:%s: %zu images, %zu skipped", path, out->n, skipped);
  if (status == NF_OK) return NF_OK;
  return nf_fail(e, status, "%s%s", own.message,
                 status == NF_EFORMAT && c->size == NULL ? ", as with --size 32x32" : "");
}

static int load_images(const cli_data_choice *c, cli_data *d, nf_error *e) {
  static const char folder[] = "images:";
  const char *path = c->spec + (sizeof folder - 1);
  if (strncmp(c->spec, folder, sizeof folder - 1) == 0 && *path != 0)
    load_folder(path, c, &d->images, e);
  else
    nf_images_load(c->spec, &d->images, e);
  nf_error own = {0};
  if (nf_status_of(e) == NF_OK && c->bits > 0 &&
      nf_images_reduce(&d->images, (unsigned)c->bits, &own) != NF_OK)
    nf_fail(e, own.status, "--bits %d: %s: %s", (int)c->bits, c->spec, own.message);
  d->n = d->images.n;
  d->shape = d->images.shape;
  d->bins = d->images.bins;
  for (size_t i = 0; d->images.label != NULL && i < d->n; i++)
    if (d->images.label[i] >= d->classes) d->classes = (size_t)d->images.label[i] + 1;
  return nf_status_of(e);
}

/* An option that this kind of data does not have is an error. */
static int check_options(const cli_data_choice *c, nf_error *e) {
  const char *spec = c->spec;
  const bool folder = strncmp(spec, "images:", 7) == 0, file = cli_points_in_file(spec);
  if (c->columns != NULL && !file)
    return nf_fail(e, NF_EINVAL, "--columns: %s has none; csv:FILE and npy:FILE have", spec);
  if (!folder && (c->size != NULL || c->recursive))
    return nf_fail(e, NF_EINVAL, "%s: %s is for images:DIR alone", spec,
                   c->size != NULL ? "--size" : "--recursive");
  if (c->bits > 0 && (file || strncmp(spec, "toy:", 4) == 0))
    return nf_fail(e, NF_EINVAL, "%s: --bits is for images alone", spec);
  return NF_OK;
}

static int load(const cli_data_choice *c, cli_data *d, nf_error *e) {
  if (check_options(c, e) != NF_OK) return NF_EINVAL;
  if (strncmp(c->spec, "toy:", 4) == 0) return load_toy(c->spec + 4, d, e);
  if (cli_points_in_file(c->spec)) return cli_points_load(c->spec, c->columns, d, e);
  return load_images(c, d, e);
}

int cli_data_load(const cli_data_choice *choice, cli_data *out, nf_error *e) {
  const char *spec = choice->spec, *range = choice->range;
  if (!is_known(spec, e)) return NF_EINVAL;
  if (strcmp(spec, "toy") == 0)
    return nf_fail(e, NF_EINVAL, "toy: the name is missing, as in toy:moons");
  const size_t kind = strcspn(spec, ":");
  const char *file = spec[kind] == ':' ? spec + kind + 1 : "";
  if (*file == 0 && (strncmp(spec, "csv", kind) == 0 || strncmp(spec, "npy", kind) == 0))
    return nf_fail(e, NF_EINVAL, "%s: the file is missing, as in %.3s:points.%.3s", spec, spec,
                   spec);
  cli_data d = {.spec = spec};
  int status = load(choice, &d, e);
  snprintf(d.name, sizeof d.name, "%.*s", d.toy != NULL ? (int)strlen(spec) : (int)kind, spec);
  if (status == NF_OK && range != NULL) status = cut(range, &d, e);
  if (status == NF_OK)
    *out = d;
  else
    cli_data_free(&d);
  return status;
}

void cli_data_free(cli_data *d) {
  nf_images_free(&d->images);
  free(d->point);
  free(d->columns);
  *d = (cli_data){0};
}

/* In the whole set. */
static size_t number(const cli_data *d, const size_t *index, size_t i) {
  return d->first + (index != NULL ? index[i] : i);
}

void cli_data_gather(const cli_data *d, size_t n, const size_t *index, nf_real *to) {
  const size_t size = nf_shape_size(d->shape);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0, at = number(d, index, i) * size; k < size; k++)
      to[i * size + k] = d->point != NULL ? d->point[at + k] : (nf_real)d->images.pixel[at + k];
}

int cli_batch_new(const nf_flow *flow, size_t n, nf_batch *out, nf_error *e) {
  const size_t classes = nf_flow_condition(flow);
  *out = (nf_batch){.n = n, .shape = nf_flow_shape(flow), .y_shape = nf_point(classes)};
  out->data = malloc((n + 1) * nf_flow_dim(flow) * sizeof *out->data);
  if (classes > 0) out->y = malloc((n + 1) * classes * sizeof *out->y);
  if (out->data != NULL && (classes == 0 || out->y != NULL)) return NF_OK;
  cli_batch_free(out);
  return nf_fail(e, NF_ENOMEM, "out of memory for %zu samples", n);
}

size_t cli_data_label(const cli_data *d, size_t i) {
  return d->has_label ? d->label : d->images.label[d->first + i];
}

void cli_batch_set_label(size_t i, size_t label, nf_batch *to) {
  const size_t classes = to->y_shape.c;
  nf_real *y = (nf_real *)(uintptr_t)to->y + i * classes;
  for (size_t k = 0; k < classes; k++) y[k] = k == label;
}

void cli_batch_gather(const cli_data *d, size_t n, const size_t *index, nf_batch *to) {
  to->n = n;
  cli_data_gather(d, n, index, to->data);
  for (size_t i = 0; to->y != NULL && i < n; i++)
    cli_batch_set_label(i, cli_data_label(d, index != NULL ? index[i] : i), to);
}

/* (w, c) with its pixels in the opposite order */
static void flip_row(size_t w, size_t c, nf_real *row) {
  for (size_t k = 0; k < w / 2 * c; k++) {
    nf_real *left = row + k, *right = row + (w - 1 - k / c) * c + k % c, value = *left;
    *left = *right;
    *right = value;
  }
}

void cli_batch_flip(uint64_t seed, nf_batch *b) {
  const uint64_t stream = UINT64_C(0x464c) << 48; /* away from those of weights and noise */
  const nf_shape s = b->shape;
  for (size_t i = 0; i < b->n; i++) {
    if ((nf_random_bits(seed, stream, b->first + i) & 1) == 0) continue;
    for (size_t row = 0; row < s.h; row++)
      flip_row(s.w, s.c, b->data + (i * s.h + row) * s.w * s.c);
  }
}

void cli_batch_free(nf_batch *b) {
  free(b->data);
  free((void *)(uintptr_t)b->y);
  *b = (nf_batch){0};
}

size_t *cli_data_order(const cli_data *d, uint64_t seed) {
  size_t *order = malloc(d->n * sizeof *order);
  for (size_t i = 0; order != NULL && i < d->n; i++)
    order[i] = nf_shuffled(seed, UINT64_MAX, d->n, i);
  return order;
}
