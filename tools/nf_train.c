/* nf train: from the command line to a run. Settings become notes in the checkpoints; to resume,
 * the same command is given again, and a setting that differs from its note is refused. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nf_ranks.h"
#include "nf_run.h"
#include "nf_settings.h"

/* --- the flow ---------------------------------------------------------------------------- */

static int new_flow(const nf_model *m, nf_flow **flow, char message[NF_MESSAGE]) {
  int status = NF_OK;
  nf_bijector *b = nf_model_new(m, &status);
  if (status == NF_OK) status = nf_flow_new(flow, b, m->seed);
  const char *family = nf_family_names[m->family];
  if (status == NF_ESHAPE)
    return nf_fail(status, message,
                   "--levels %zu: %s halves the sides at every level, and %zu×%zu×%zu does not "
                   "divide so often",
                   m->levels, family, m->shape.h, m->shape.w, m->shape.c);
  if (status == NF_EINVAL)
    return nf_fail(status, message, "--levels %zu, --depth %zu, --width %zu: no %s of %zu×%zu×%zu",
                   m->levels, m->steps, m->width, family, m->shape.h, m->shape.w, m->shape.c);
  if (status != NF_OK) return nf_fail(status, message, "%s: %s", family, nf_status_text(status));
  return NF_OK;
}

/* Layers that are born from data see about 65536 values of it. */
static int observe(nf_flow *flow, const nf_run *r, char message[NF_MESSAGE]) {
  const size_t trained = r->data->n - r->held;
  size_t n = 65536 / flow->d;
  n = n < 32 ? 32 : n > 1024 ? 1024 : n;
  if (n > trained) n = trained;
  nf_batch x = {.n = n, .shape = r->data->shape};
  x.data = malloc(n * flow->d * sizeof *x.data);
  if (x.data == NULL) return nf_fail(NF_ENOMEM, message, "out of memory");
  nf_data_gather(r->data, n, r->order + r->held, x.data);
  const int status = nf_flow_observe(flow, &x);
  free(x.data);
  if (status == NF_OK) return NF_OK;
  return nf_fail(status, message, "the first look at the data: %s", nf_status_text(status));
}

/* --- the run ----------------------------------------------------------------------------- */

static void note(nf_run *r, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void note(nf_run *r, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->text[r->n_note], NF_NOTE, format, arguments);
  va_end(arguments);
  r->note[r->n_note] = (nf_metadata){key, r->text[r->n_note]};
  r->n_note++;
}

static void note_real(nf_run *r, const char *key, double value) {
  char text[NF_NOTE];
  nf_write_real(value, text);
  note(r, key, "%s", text);
}

static void note_settings(nf_run *r, const nf_settings *s) {
  note(r, "seconds", "0");
  note(r, "data", "%s", r->data->name);
  note(r, "range", "%zu:%zu", r->data->first, r->data->first + r->data->n);
  note(r, "holdout", "%zu", r->held);
  note(r, "batch", "%zu", r->batch);
  note(r, "every", "%" PRIu64, r->every);
  note(r, "optimiser", "%s", nf_optimisers[s->optimiser]);
  note_real(r, "rate", s->rate);
  note(r, "warmup", "%" PRIu64, s->warmup);
  note(r, "decay", "%s", nf_decays[s->decay]);
  note_real(r, "clip", s->clip);
  note_real(r, "ema", s->ema);
}

/* A checkpoint of the same run: its model and its settings are those asked for. */
static int compare(const nf_run *r, const nf_checkpoint *c, char message[NF_MESSAGE]) {
  nf_model_notes model;
  nf_model_to_notes(&r->model, &model);
  for (size_t i = 0; i < NF_MODEL_NOTES + r->n_note - 1; i++) {
    const nf_metadata *n = i < NF_MODEL_NOTES ? &model.note[i] : &r->note[1 + i - NF_MODEL_NOTES];
    const char *was = nf_safetensors_metadata(&c->file, n->key);
    if (was == NULL || strcmp(was, n->text) != 0)
      return nf_fail(NF_EINVAL, message,
                     "%s: its run has %s %.40s, this one %s; resume with the same settings",
                     r->last, n->key, was != NULL ? was : "unknown", n->text);
  }
  return NF_OK;
}

/* From the last checkpoint into r->trainer. */
static int resume(nf_run *r, const nf_settings *s, nf_checkpoint *c, char message[NF_MESSAGE]) {
  const nf_train_settings set = nf_settings_training(s, r->steps);
  int status = compare(r, c, message);
  if (status == NF_OK && (status = nf_trainer_new(&r->trainer, c->flow, &set)) != NF_OK)
    nf_fail(status, message, "%s", nf_status_text(status));
  if (status == NF_OK) status = nf_checkpoint_resume(c, r->last, r->trainer, message);
  const char *seconds = nf_safetensors_metadata(&c->file, "seconds");
  if (status == NF_OK && (seconds == NULL || !nf_read_real(seconds, &r->spent)))
    status = nf_fail(NF_EFORMAT, message, "%s: metadata 'seconds' must be a number", r->last);
  nf_safetensors_free(&c->file);
  return status;
}

static int begin(nf_run *r, const nf_settings *s, nf_checkpoint *c, char message[NF_MESSAGE]) {
  const nf_train_settings set = nf_settings_training(s, r->steps);
  int status = new_flow(&r->model, &c->flow, message);
  if (status == NF_OK && nf_ranks_leads()) status = observe(c->flow, r, message);
  if (status == NF_OK && (status = nf_trainer_new(&r->trainer, c->flow, &set)) != NF_OK)
    nf_fail(status, message, "%s", nf_status_text(status));
  return status;
}

/* All that a checkpoint keeps, from rank 0, which alone has looked at data or read a file. */
static void share(nf_run *r) {
  nf_trainer *t = r->trainer;
  const size_t bytes = t->flow->n_param * sizeof *t->flow->param;
  nf_ranks_send(bytes, t->flow->param);
  nf_ranks_send(t->flow->n_constant * sizeof *t->flow->constant, t->flow->constant);
  nf_ranks_send(bytes, t->m);
  nf_ranks_send(bytes, t->v);
  nf_ranks_send(bytes, t->average);
  nf_ranks_send(sizeof t->step, &t->step);
  nf_ranks_send(sizeof t->plateau, &t->plateau);
  nf_ranks_send(sizeof r->spent, &r->spent);
}

/* OUT without .safetensors, with another ending. */
static char *beside(const char *out, const char *ending) {
  static const char usual[] = ".safetensors";
  size_t length = strlen(out);
  if (length > sizeof usual - 1 && strcmp(out + length - (sizeof usual - 1), usual) == 0)
    length -= sizeof usual - 1;
  const size_t size = length + strlen(ending) + 1;
  char *path = malloc(size);
  if (path != NULL) snprintf(path, size, "%.*s%s", (int)length, out, ending);
  return path;
}

/* Lengths and sizes, which depend on how much data there is. */
static bool size_up(nf_run *r, const nf_settings *s) {
  const size_t n = r->data->n;
  r->batch = (size_t)s->batch;
  r->held = s->holdout > 0 ? (size_t)s->holdout : n / 10 > 1000 ? 1000 : n / 10;
  if (r->held == 0) r->held = 1;
  if (r->held >= n || n - r->held < r->batch) {
    nf_complain("--batch %zu: of %zu samples %zu are held out, which leaves less than a batch",
                r->batch, n, r->held);
    return false;
  }
  if (r->batch < (size_t)nf_all_ranks.count) {
    nf_complain("--batch %zu: %d ranks share a batch, so it must hold at least %d samples",
                r->batch, nf_all_ranks.count, nf_all_ranks.count);
    return false;
  }
  if (s->lean && nf_all_ranks.count > 1) {
    nf_complain("--lean: ranks add up their gradients, which are never held; use one");
    return false;
  }
  const uint64_t epoch = (n - r->held) / r->batch;
  r->every = s->every > 0 ? s->every : epoch < 500 ? epoch : 500;
  r->warmup = s->warmup;
  r->steps = s->steps > 0 ? s->steps : s->epochs * epoch;
  if (r->steps > 0) return true;
  r->seconds = 60 * (s->minutes > 0 ? s->minutes : 1);
  r->steps = 10 * r->warmup + 1000;
  return true;
}

enum { LEAN_BYTES = 3 << 20 }; /* that a thread keeps for backward */

static int run(nf_run *r, const nf_settings *s, char message[NF_MESSAGE]) {
  nf_checkpoint c = {.model = r->model};
  const bool resumes = nf_ranks_leads() && s->resume && access(r->last, F_OK) == 0;
  if (s->resume && !resumes) printf("%s is not there: this is step 0\n", r->last);
  int status = resumes ? nf_checkpoint_load(r->last, &c, message) : NF_OK;
  if (status == NF_OK) status = resumes ? resume(r, s, &c, message) : begin(r, s, &c, message);
  if (status == NF_OK && (status = nf_flow_set_threads(c.flow, (int)s->threads)) != NF_OK)
    nf_fail(status, message, "--threads %d: %s", (int)s->threads, nf_status_text(status));
  if (status == NF_OK && s->lean) c.flow->keep_bytes = LEAN_BYTES;
  if (status == NF_OK && nf_ranks_leads())
    status = nf_log_open(r->log_path, r->trainer->step, &r->log, message);
  int result = status == NF_OK ? NF_FINE : nf_complain("%s", message);
  result = nf_ranks_agree(result);
  if (result == NF_FINE) {
    share(r);
    result = nf_run_go(r);
  }
  if (r->log != NULL && fclose(r->log) != 0 && result == NF_FINE)
    result = nf_complain("%s: cannot write", r->log_path);
  nf_trainer_free(r->trainer);
  nf_checkpoint_free(&c);
  return result;
}

/* The same data everywhere, or the batches would not be those of one process. */
static bool same_data(const nf_data *d) {
  double n[2] = {(double)d->n, -(double)d->n};
  nf_ranks_most(2, n);
  if (n[0] + n[1] == 0) return true;
  nf_complain("--data: from %.0f to %.0f samples on different ranks; all must read the same", -n[1],
              n[0]);
  return false;
}

static int train_on(const nf_data *data, const nf_settings *s, char message[NF_MESSAGE]) {
  nf_run r = {.data = data, .best = s->out};
  char *last = beside(s->out, ".last.safetensors"), *log = beside(s->out, ".csv");
  size_t *order = nf_data_order(data, s->seed);
  r.last = last;
  r.log_path = s->log != NULL ? s->log : log;
  r.order = order;
  int result = NF_FINE;
  if (last == NULL || log == NULL || order == NULL)
    result = nf_complain("out of memory");
  else if (!nf_settings_model(s, data, &r.model) || !size_up(&r, s))
    result = NF_BAD_INPUT;
  result = nf_ranks_agree(result);
  if (result == NF_FINE) {
    note_settings(&r, s);
    result = run(&r, s, message);
  }
  free(order);
  free(last);
  free(log);
  return result;
}

int nf_train(int argc, char **argv) {
  nf_settings s;
  const nf_parsed parsed = nf_settings_read(&s, argc, argv);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  if (s.data == NULL) return nf_complain("--data is missing, as in --data digits");
  if (s.out == NULL) return nf_complain("--out is missing, as in --out digits.safetensors");
  char message[NF_MESSAGE];
  nf_data data = {0};
  int result = NF_FINE;
  if (nf_data_load(s.data, s.range, &data, message) != NF_OK) result = nf_complain("%s", message);
  result = nf_ranks_agree(result);
  if (result == NF_FINE) result = same_data(&data) ? train_on(&data, &s, message) : NF_BAD_INPUT;
  nf_data_free(&data);
  return result;
}
