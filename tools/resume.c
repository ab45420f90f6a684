/* nf train --resume: goes on from the last checkpoint of a run. The settings given must be those of
 * the run; one may differ when no number of the steps done depends on it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/number.h"
#include "train.h"

/* The settings that may differ. The checksum of the data may not, but has a message of its own. */
static const char *const can_differ[] = {"crc32", "length", "every", "rate", "warmup",
                                         "decay", "clip",   "ema",   NULL};

static bool may_differ(const char *key) {
  size_t i = 0;
  while (can_differ[i] != NULL && strcmp(can_differ[i], key) != 0) i++;
  return can_differ[i] != NULL;
}

/* The settings that a checkpoint has only when they are not the usual ones. */
static const char *const optional[] = {"standardise", "condition", "dequantise",
                                       "net",         "flip",      NULL};

static bool has_key(size_t n, const nf_metadata *entry, const char *key) {
  while (n > 0 && strcmp(entry[n - 1].key, key) != 0) n--;
  return n > 0;
}

/* Whether the checkpoint is one of this run: its model and settings are those given, but for those
 * that may differ. */
static int compare(const cli_run *r, const nf_checkpoint *c, nf_error *e) {
  nf_model_metadata model;
  nf_model_to_metadata(&r->model, &model);
  for (size_t i = 0; i < model.n + r->n_metadata - 1; i++) {
    const nf_metadata *n = i < model.n ? &model.entry[i] : &r->metadata[1 + i - model.n];
    const char *was = nf_safetensors_metadata(&c->file, n->key);
    if (!may_differ(n->key) && (was == NULL || strcmp(was, n->text) != 0))
      return nf_fail(e, NF_EINVAL,
                     "%s: its run has %s %.40s, this one %s; only length, every, rate, warmup, "
                     "decay, clip and ema may change",
                     r->last, n->key, was != NULL ? was : "unknown", n->text);
  }
  for (size_t i = 0; optional[i] != NULL; i++) {
    const char *was = nf_safetensors_metadata(&c->file, optional[i]);
    if (was != NULL && !has_key(model.n, model.entry, optional[i]) &&
        !has_key(r->n_metadata, r->metadata, optional[i]))
      return nf_fail(e, NF_EINVAL, "%s: its run has %s %.40s, this one has not", r->last,
                     optional[i], was);
  }
  if (!cli_is_trained_on(c, r->data))
    return nf_fail(e, NF_EINVAL,
                   "%s: its run was on other values of %s; give the file that it was begun with",
                   r->last, r->data->name);
  return NF_OK;
}

static void print_changes(const cli_run *r, const nf_checkpoint *c) {
  const bool cosine = r->trainer->settings.schedule.decay == NF_COSINE;
  for (size_t i = 1; i < r->n_metadata; i++) {
    const nf_metadata *n = &r->metadata[i];
    const char *was = nf_safetensors_metadata(&c->file, n->key);
    if (was == NULL || strcmp(was, n->text) == 0) continue;
    printf("%-11s %.40s before, now %s%s\n", n->key, was, n->text,
           cosine && strcmp(n->key, "length") == 0
               ? ": the cosine rate goes on as that of the new length"
               : "");
  }
}

static int check_progress(cli_run *r, const nf_checkpoint *c, nf_error *e) {
  const char *seconds = nf_safetensors_metadata(&c->file, "seconds");
  if (seconds == NULL || !nf_read_real(seconds, &r->spent) || r->spent < 0 || r->spent > 1e9)
    return nf_fail(e, NF_EFORMAT, "%s: metadata 'seconds' must be a number from 0 to 1e9", r->last);
  if (r->seconds == 0 && r->trainer->step > r->steps)
    return nf_fail(e, NF_EINVAL,
                   "%s: it is at step %" PRIu64 ", behind the %" PRIu64
                   " steps of this run; give more",
                   r->last, r->trainer->step, r->steps);
  if (access(r->best, F_OK) == 0 || r->trainer->plateau.best >= NF_NO_LOSS_YET) return NF_OK;
  if (!r->quiet) printf("%s is not there: the next validation writes it\n", r->best);
  r->trainer->plateau.best = NF_NO_LOSS_YET;
  return NF_OK;
}

void cli_run_resume(cli_run *r, const cli_settings *s, nf_checkpoint *c, nf_error *e) {
  const nf_train_settings set = cli_settings_training(s, r->model.family, r->steps);
  r->trainer = nf_trainer_new(c->flow, &set, e);
  if (e->status == NF_OK && compare(r, c, e) == NF_OK &&
      nf_checkpoint_resume(c, r->last, r->trainer, e) == NF_OK)
    check_progress(r, c, e);
  if (e->status == NF_OK && !r->quiet) print_changes(r, c);
  nf_safetensors_free(&c->file);
}
