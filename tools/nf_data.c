/* Data by their name on the command line. */
#include "nf_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "io/checkpoint.h"
#include "train/shuffle.h"

static int load_toy(const char *name, nf_data *d, char message[NF_MESSAGE]) {
  const int status = nf_toy_find(name, &d->toy, message);
  if (status != NF_OK) return status;
  d->n = NF_TOY_POINTS;
  d->shape = nf_point(2);
  d->point = malloc(2 * NF_TOY_POINTS * sizeof *d->point);
  if (d->point == NULL) return nf_fail(NF_ENOMEM, message, "toy:%s: out of memory", name);
  nf_toy_sample(d->toy, 1, 0, d->n, d->point);
  return NF_OK;
}

/* False after saying what would be: a kind of images, "toy", or the name of a toy alone. */
static bool is_known(const char *spec, char message[NF_MESSAGE]) {
  enum { TOY = NF_IMAGE_KINDS, CHOICES = TOY + 1 + NF_TOYS };
  const char *choice[CHOICES];
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)strcspn(spec, ":"), spec);
  for (int i = 0; i < TOY; i++) choice[i] = nf_image_kinds[i];
  choice[TOY] = "toy";
  for (int i = 0; i <= TOY; i++)
    if (strcmp(word, choice[i]) == 0) return true;
  for (int i = 0; i < NF_TOYS; i++) choice[TOY + 1 + i] = nf_toys[i].name;
  const char *nearest = nf_nearest(word, CHOICES, choice);
  bool is_toy = false;
  for (int i = TOY + 1; i < CHOICES; i++) is_toy = is_toy || nearest == choice[i];
  nf_fail(0, message,
          "%s: no such data, nearest is '%s%s'; there are digits, icons, cifar10:DIR, "
          "cifar10-test:DIR, idx:IMAGES[,LABELS], png:DIR and toy:NAME",
          spec, is_toy ? "toy:" : "", nearest);
  return false;
}

static int cut(const char *range, nf_data *d, char message[NF_MESSAGE]) {
  char from[24] = "", to[24] = "", rest;
  uint64_t a, b;
  if (sscanf(range, "%20[0-9]:%20[0-9]%c", from, to, &rest) != 2 ||
      !nf_read_whole(from, d->n, &a) || !nf_read_whole(to, d->n, &b) || a >= b)
    return nf_fail(NF_EINVAL, message, "range '%s': it must be A:B with 0 ≤ A < B ≤ %zu", range,
                   d->n);
  d->first = (size_t)a;
  d->n = (size_t)(b - a);
  return NF_OK;
}

int nf_data_load(const char *spec, const char *range, nf_data *out, char message[NF_MESSAGE]) {
  if (!is_known(spec, message)) return NF_EINVAL;
  if (strcmp(spec, "toy") == 0)
    return nf_fail(NF_EINVAL, message, "toy: the name is missing, as in toy:moons");
  nf_data d = {0};
  const bool toy = strncmp(spec, "toy:", 4) == 0;
  int status = toy ? load_toy(spec + 4, &d, message) : nf_images_load(spec, &d.images, message);
  if (status == NF_OK && !toy) {
    d.n = d.images.n;
    d.shape = d.images.shape;
    d.levels = d.images.levels;
  }
  const size_t length = toy ? strlen(spec) : strcspn(spec, ":");
  snprintf(d.name, sizeof d.name, "%.*s", (int)length, spec);
  if (status == NF_OK && range != NULL) status = cut(range, &d, message);
  if (status == NF_OK)
    *out = d;
  else
    nf_data_free(&d);
  return status;
}

void nf_data_free(nf_data *d) {
  nf_images_free(&d->images);
  free(d->point);
  *d = (nf_data){0};
}

void nf_data_gather(const nf_data *d, size_t n, const size_t *index, nf_real *to) {
  const size_t size = nf_shape_size(d->shape);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0, at = (d->first + index[i]) * size; k < size; k++)
      to[i * size + k] = d->toy != NULL ? d->point[at + k] : (nf_real)d->images.pixel[at + k];
}

size_t *nf_data_order(const nf_data *d, uint64_t seed) {
  size_t *order = malloc(d->n * sizeof *order);
  for (size_t i = 0; order != NULL && i < d->n; i++)
    order[i] = nf_shuffled(seed, UINT64_MAX, d->n, i);
  return order;
}
