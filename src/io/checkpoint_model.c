/* nf_model as the metadata of a checkpoint, both ways. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "io/checkpoint.h"

static const char *const permutations[] = {"full", "plu", NULL};
static const char *const yes[] = {"yes", NULL};
static const char *const priors[] = {"standard", "learned", NULL};

void nf_model_to_metadata(const nf_model *m, nf_model_metadata *out) {
  static const char *const key[NF_MODEL_KEYS] = {"family", "shape",        "levels", "steps",
                                                 "width",  "scale",        "prior",  "permutation",
                                                 "alpha",  "pixel_levels", "seed",   "standardise"};
  char(*text)[NF_METADATA_TEXT] = out->text;
  snprintf(text[0], NF_METADATA_TEXT, "%s", nf_family_names[m->family]);
  snprintf(text[1], NF_METADATA_TEXT, "%zu,%zu,%zu", m->shape.h, m->shape.w, m->shape.c);
  snprintf(text[2], NF_METADATA_TEXT, "%zu", m->levels);
  snprintf(text[3], NF_METADATA_TEXT, "%zu", m->steps);
  snprintf(text[4], NF_METADATA_TEXT, "%zu", m->width);
  snprintf(text[5], NF_METADATA_TEXT, "%s", nf_scale_names[m->scale]);
  snprintf(text[6], NF_METADATA_TEXT, "%s", priors[m->learned_prior]);
  snprintf(text[7], NF_METADATA_TEXT, "%s", permutations[m->plu]);
  nf_write_real(m->alpha, text[8]);
  snprintf(text[9], NF_METADATA_TEXT, "%u", m->bins);
  snprintf(text[10], NF_METADATA_TEXT, "%" PRIu64, m->seed);
  snprintf(text[11], NF_METADATA_TEXT, "yes");
  out->n = m->standardise ? NF_MODEL_KEYS : NF_MODEL_KEYS - 1;
  for (size_t i = 0; i < NF_MODEL_KEYS; i++) out->entry[i] = (nf_metadata){key[i], text[i]};
}

/* --- reading ---------------------------------------------------------------------------- */

/* After the first error nothing more is read. */
typedef struct {
  const char *path;
  const nf_safetensors *file;
  nf_error *e;
  int status;
} reader;

static const char *text_of(reader *r, const char *key) {
  const char *text = nf_safetensors_metadata(r->file, key);
  if (text == NULL && r->status == NF_OK)
    r->status = nf_fail(r->e, NF_EFORMAT, "%s: its metadata lack '%s'", r->path, key);
  return r->status == NF_OK ? text : NULL;
}

static void bad(reader *r, const char *key, const char *text, const char *right) {
  r->status = nf_fail(r->e, NF_EFORMAT, "%s: metadata '%s' is '%.40s'; it must be %s", r->path, key,
                      text, right);
}

static uint64_t whole(reader *r, const char *key, uint64_t max) {
  const char *text = text_of(r, key);
  uint64_t value = 0;
  if (text != NULL && !nf_read_whole(text, max, &value)) bad(r, key, text, "a whole number");
  return value;
}

static double real(reader *r, const char *key) {
  const char *text = text_of(r, key);
  double value = 0;
  if (text != NULL && !nf_read_real(text, &value)) bad(r, key, text, "a number");
  return value;
}

static int word(reader *r, const char *key, const char *const choice[]) {
  const char *text = text_of(r, key);
  if (text == NULL) return 0;
  for (int i = 0; choice[i] != NULL; i++)
    if (strcmp(text, choice[i]) == 0) return i;
  char list[NF_METADATA_TEXT] = "";
  for (int i = 0; choice[i] != NULL; i++)
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? " or " : "",
             choice[i]);
  bad(r, key, text, list);
  return 0;
}

static nf_shape shape(reader *r, const char *key) {
  const char *text = text_of(r, key);
  char side[3][24] = {""}, rest = 0;
  uint64_t v[3] = {0};
  if (text == NULL) return (nf_shape){0};
  bool ok = sscanf(text, "%20[0-9],%20[0-9],%20[0-9]%c", side[0], side[1], side[2], &rest) == 3;
  for (int i = 0; i < 3; i++) ok = ok && nf_read_whole(side[i], SIZE_MAX, &v[i]);
  const nf_shape s = {(size_t)v[0], (size_t)v[1], (size_t)v[2]};
  if (!ok || !nf_shape_valid(s)) bad(r, key, text, "height,width,channels");
  return s;
}

int nf_model_from_metadata(const char *path, const nf_safetensors *file, nf_model *out,
                           nf_error *e) {
  reader r = {path, file, e, NF_OK};
  if (nf_safetensors_metadata(file, "family") == NULL)
    return nf_fail(e, NF_EFORMAT,
                   "%s: its metadata lack 'family': the flow was built by hand, and nf_load_into "
                   "loads it into the same layers",
                   path);
  nf_model m;
  m.family = (nf_family)word(&r, "family", nf_family_names);
  m.shape = shape(&r, "shape");
  m.levels = (size_t)whole(&r, "levels", 16);
  m.steps = (size_t)whole(&r, "steps", 4096);
  m.width = (size_t)whole(&r, "width", 65536);
  m.scale = (nf_scale)word(&r, "scale", nf_scale_names);
  m.learned_prior = word(&r, "prior", priors) == 1;
  m.plu = word(&r, "permutation", permutations) == 1;
  m.alpha = real(&r, "alpha");
  m.bins = (unsigned)whole(&r, "pixel_levels", 256);
  m.seed = whole(&r, "seed", UINT64_MAX);
  m.standardise = nf_safetensors_metadata(file, "standardise") != NULL;
  if (m.standardise) word(&r, "standardise", yes);
  if (r.status == NF_OK) *out = m;
  return r.status;
}

int nf_model_check_metadata(const char *path, const nf_safetensors *file, const nf_model *model,
                            nf_error *e) {
  nf_model m;
  if (model == NULL || nf_safetensors_metadata(file, "family") == NULL) return NF_OK;
  const int status = nf_model_from_metadata(path, file, &m, e);
  if (status != NF_OK) return status;
  nf_model_metadata found, right;
  m.seed = model->seed; /* it is that of the initial weights */
  nf_model_to_metadata(&m, &found);
  nf_model_to_metadata(model, &right);
  for (size_t i = 0; i < NF_MODEL_KEYS; i++)
    if (strcmp(found.text[i], right.text[i]) != 0)
      return nf_fail(e, NF_EFORMAT, "%s: metadata '%s' is '%s'; the flow's model has '%s'", path,
                     right.entry[i].key, found.text[i], right.text[i]);
  return NF_OK;
}
