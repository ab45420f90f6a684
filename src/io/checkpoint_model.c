/* nf_model as key and text, both ways: what stands in a checkpoint's metadata for a person, or a
 * Python program, to read. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/checkpoint.h"

const char *const nf_family_names[] = {"nice", "realnvp", "glow", NULL};
const char *const nf_scale_names[] = {"none", "exp", "tanh", "sigmoid", NULL};
static const char *const permutations[] = {"full", "plu", NULL};
static const char *const priors[] = {"standard", "learned", NULL};

void nf_model_to_notes(const nf_model *m, nf_model_notes *out) {
  static const char *const key[NF_MODEL_NOTES] = {"family", "shape",        "levels", "steps",
                                                  "width",  "scale",        "prior",  "permutation",
                                                  "alpha",  "pixel_levels", "seed"};
  char(*text)[NF_NOTE] = out->text;
  snprintf(text[0], NF_NOTE, "%s", nf_family_names[m->family]);
  snprintf(text[1], NF_NOTE, "%zu,%zu,%zu", m->shape.h, m->shape.w, m->shape.c);
  snprintf(text[2], NF_NOTE, "%zu", m->levels);
  snprintf(text[3], NF_NOTE, "%zu", m->steps);
  snprintf(text[4], NF_NOTE, "%zu", m->width);
  snprintf(text[5], NF_NOTE, "%s", nf_scale_names[m->scale]);
  snprintf(text[6], NF_NOTE, "%s", priors[m->learned_prior]);
  snprintf(text[7], NF_NOTE, "%s", permutations[m->plu]);
  nf_write_real(m->alpha, text[8]);
  snprintf(text[9], NF_NOTE, "%u", m->pixel_levels);
  snprintf(text[10], NF_NOTE, "%" PRIu64, m->seed);
  for (size_t i = 0; i < NF_MODEL_NOTES; i++) out->note[i] = (nf_metadata){key[i], text[i]};
}

bool nf_read_whole(const char *text, uint64_t most, uint64_t *value) {
  char *end;
  if (*text < '0' || *text > '9') return false; /* strtoull takes signs and blanks */
  errno = 0;
  const unsigned long long v = strtoull(text, &end, 10);
  if (errno != 0 || *end != 0 || v > most) return false;
  *value = v;
  return true;
}

bool nf_read_real(const char *text, double *value) {
  char *end;
  if (strspn(text, "0123456789.+-eE") != strlen(text)) return false; /* nor blanks, nan or hex */
  const double v = strtod(text, &end);
  if (end == text || *end != 0 || !isfinite(v)) return false;
  *value = v;
  return true;
}

void nf_write_real(double value, char text[NF_NOTE]) {
  snprintf(text, NF_NOTE, "%.15g", value); /* 0.05 as 0.05, where that is enough */
  if (strtod(text, NULL) != value) snprintf(text, NF_NOTE, "%.17g", value);
}

/* --- reading ---------------------------------------------------------------------------- */

/* After the first error nothing more is read: the status sticks. */
typedef struct {
  const char *path;
  const nf_safetensors *file;
  char *message;
  int status;
} reader;

static const char *text_of(reader *r, const char *key) {
  const char *text = nf_safetensors_metadata(r->file, key);
  if (text == NULL && r->status == NF_OK)
    r->status = nf_fail(NF_EFORMAT, r->message, "%s: its metadata lack '%s'", r->path, key);
  return r->status == NF_OK ? text : NULL;
}

static void bad(reader *r, const char *key, const char *text, const char *right) {
  r->status = nf_fail(NF_EFORMAT, r->message, "%s: metadata '%s' is '%.40s'; it must be %s",
                      r->path, key, text, right);
}

static uint64_t whole(reader *r, const char *key, uint64_t most) {
  const char *text = text_of(r, key);
  uint64_t value = 0;
  if (text != NULL && !nf_read_whole(text, most, &value)) bad(r, key, text, "a whole number");
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
  char list[NF_NOTE] = "";
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
  bool fine = sscanf(text, "%20[0-9],%20[0-9],%20[0-9]%c", side[0], side[1], side[2], &rest) == 3;
  for (int i = 0; i < 3; i++) fine = fine && nf_read_whole(side[i], SIZE_MAX, &v[i]);
  const nf_shape s = {(size_t)v[0], (size_t)v[1], (size_t)v[2]};
  if (!fine || !nf_shape_valid(s)) bad(r, key, text, "height,width,channels");
  return s;
}

int nf_model_from_notes(const char *path, const nf_safetensors *file, nf_model *out,
                        char message[NF_MESSAGE]) {
  reader r = {path, file, message, NF_OK};
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
  m.pixel_levels = (unsigned)whole(&r, "pixel_levels", 256);
  m.seed = whole(&r, "seed", UINT64_MAX);
  if (r.status == NF_OK) *out = m;
  return r.status;
}
