/* nf_model as the metadata of a checkpoint, both ways. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "io/checkpoint.h"

static const char *const permutations[] = {"full", "plu", NULL};
static const char *const dequantisations[] = {"uniform", "variational", NULL};
static const char *const yes[] = {"yes", NULL};
static const char *const priors[] = {"standard", "learned", NULL};

static void add(nf_model_metadata *out, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(nf_model_metadata *out, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(out->text[out->n], NF_METADATA_TEXT, format, arguments);
  va_end(arguments);
  out->entry[out->n] = (nf_metadata){key, out->text[out->n]};
  out->n++;
}

void nf_model_to_metadata(const nf_model *m, nf_model_metadata *out) {
  char alpha[NF_NUMBER];
  nf_write_real(m->alpha, alpha);
  out->n = 0;
  add(out, "family", "%s", nf_family_names[m->family]);
  add(out, "shape", "%zu,%zu,%zu", m->shape.h, m->shape.w, m->shape.c);
  add(out, "levels", "%zu", m->levels);
  add(out, "steps", "%zu", m->steps);
  add(out, "width", "%zu", m->width);
  add(out, "scale", "%s", nf_scale_names[m->scale]);
  add(out, "prior", "%s", priors[m->learned_prior]);
  add(out, "permutation", "%s", permutations[m->plu]);
  add(out, "alpha", "%s", alpha);
  add(out, "pixel_levels", "%u", m->bins);
  add(out, "seed", "%" PRIu64, m->seed);
  if (m->standardise) add(out, "standardise", "%s", yes[0]);
  if (m->condition > 0) add(out, "condition", "%zu", m->condition);
  if (m->variational) add(out, "dequantise", "%s", dequantisations[1]);
  if (m->net == NF_NET_USUAL) return;
  add(out, "net", "%s", nf_net_names[m->net]);
  add(out, "blocks", "%zu", m->blocks);
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
  m.condition = 0;
  if (nf_safetensors_metadata(file, "condition") != NULL)
    m.condition = (size_t)whole(&r, "condition", 4096);
  m.variational = false;
  if (nf_safetensors_metadata(file, "dequantise") != NULL)
    m.variational = word(&r, "dequantise", dequantisations) == 1;
  m.net = NF_NET_USUAL;
  m.blocks = 3;
  if (nf_safetensors_metadata(file, "net") != NULL) {
    m.net = (nf_net_form)word(&r, "net", nf_net_names);
    m.blocks = (size_t)whole(&r, "blocks", 256);
  }
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
  for (size_t i = 0; i < found.n || i < right.n; i++) {
    const nf_metadata *f = &found.entry[i], *w = &right.entry[i];
    if (i >= found.n || i >= right.n || strcmp(f->key, w->key) != 0)
      return nf_fail(e, NF_EFORMAT, "%s: only one of it and the flow's model has metadata '%s'",
                     path, i < found.n ? f->key : w->key);
    if (strcmp(f->text, w->text) != 0)
      return nf_fail(e, NF_EFORMAT, "%s: metadata '%s' is '%s'; the flow's model has '%s'", path,
                     w->key, f->text, w->text);
  }
  return NF_OK;
}
