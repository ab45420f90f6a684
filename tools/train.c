/* nf train: from the command line to a run. Settings become metadata of the checkpoints; to resume,
 * the same command is given again, and a setting that differs from its metadata is refused
 * (resume.c). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/number.h"
#include "ranks.h"
#include "train.h"

/* --- the flow ------------------------------------------------------------------------------- */

static nf_flow *new_flow(const nf_model *m, nf_error *e) {
  nf_error own = {0};
  nf_flow *flow = nf_flow_from_model(m, &own);
  const char *family = nf_family_names[m->family];
  const nf_shape s = m->shape;
  if (own.status == NF_ESHAPE && m->levels == 1 && s.h * s.w > 1)
    nf_fail(e, own.status, "images of %zu×%zu×%zu: %s halves both sides, so they must be even", s.h,
            s.w, s.c, family);
  else if (own.status == NF_ESHAPE && m->levels > 1)
    nf_fail(e, own.status,
            "--levels %zu: %s halves the sides at every level, and %zu×%zu×%zu does not divide so "
            "often",
            m->levels, family, m->shape.h, m->shape.w, m->shape.c);
  else if (own.status == NF_ESHAPE)
    nf_fail(e, own.status, "--model %s: %s", family, own.message);
  else if (own.status != NF_OK)
    nf_fail(e, own.status, "%s", own.message);
  return flow;
}

/* Layers with data-dependent initialisation get about 65536 values of the training data. */
static int init_from_data(nf_flow *flow, const cli_run *r, nf_error *e) {
  const size_t trained = r->data->n - r->held, d = nf_flow_dim(flow);
  size_t n = 65536 / d;
  n = n < 32 ? 32 : n > 1024 ? 1024 : n;
  if (n > trained) n = trained;
  nf_batch x;
  if (cli_batch_new(flow, n, &x, e) != NF_OK) return NF_ENOMEM;
  if (r->model.standardise) cli_points_standardise(r->data, trained, r->order + r->held, flow, e);
  cli_batch_gather(r->data, n, r->order + r->held, &x);
  const int status = nf_flow_init_from_batch(flow, &x, e);
  cli_batch_free(&x);
  return status;
}

/* --- the run -------------------------------------------------------------------------------- */

static void add(cli_run *r, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(cli_run *r, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->text[r->n_metadata], NF_METADATA_TEXT, format, arguments);
  va_end(arguments);
  r->metadata[r->n_metadata] = (nf_metadata){key, r->text[r->n_metadata]};
  r->n_metadata++;
}

static void add_real(cli_run *r, const char *key, double value) {
  char text[NF_NUMBER];
  nf_write_real(value, text);
  add(r, key, "%s", text);
}

static void add_settings(cli_run *r, const cli_settings *s) {
  add(r, "seconds", "0");
  if (r->seconds > 0)
    add(r, "length", "%g minutes", r->seconds / 60);
  else
    add(r, "length", "%" PRIu64 " steps", r->steps);
  add(r, "data", "%s", r->data->name);
  add(r, "range", "%zu:%zu", r->data->first, r->data->first + r->data->n);
  if (r->data->columns != NULL)
    r->metadata[r->n_metadata++] = (nf_metadata){"columns", r->data->columns};
  char crc[CLI_FINGERPRINT];
  if (cli_fingerprint(r->data, crc)) add(r, "crc32", "%s", crc);
  add(r, "holdout", "%zu", r->held);
  add(r, "batch", "%zu", r->batch);
  add(r, "every", "%" PRIu64, r->every);
  add(r, "optimiser", "%s", cli_optimisers[s->optimiser]);
  add_real(r, "rate", s->rate);
  add(r, "warmup", "%" PRIu64, s->warmup);
  add(r, "decay", "%s", cli_decays[s->decay]);
  add_real(r, "clip", s->clip);
  add_real(r, "ema", s->ema);
  if (s->flip) add(r, "flip", "left-right");
}

static void begin(cli_run *r, const cli_settings *s, nf_checkpoint *c, nf_error *e) {
  const nf_train_settings set = cli_settings_training(s, r->model.family, r->steps);
  c->flow = new_flow(&r->model, e);
  if (e->status == NF_OK && ranks_is_first()) init_from_data(c->flow, r, e);
  r->trainer = nf_trainer_new(c->flow, &set, e);
}

/* All that a checkpoint holds, from rank 0, which alone has read data or a file. */
static void share(cli_run *r) {
  nf_trainer *t = r->trainer;
  const size_t bytes = t->flow->n_param * sizeof *t->flow->param;
  ranks_broadcast(bytes, t->flow->param);
  ranks_broadcast(t->flow->n_constant * sizeof *t->flow->constant, t->flow->constant);
  ranks_broadcast(bytes, t->m);
  ranks_broadcast(bytes, t->v);
  if (t->has_ema) ranks_broadcast(bytes, t->ema);
  ranks_broadcast(sizeof t->step, &t->step);
  ranks_broadcast(sizeof t->plateau, &t->plateau);
  ranks_broadcast(sizeof r->spent, &r->spent);
}

/* Lengths and sizes, which depend on how much data there is. */
static bool set_sizes(cli_run *r, const cli_settings *s) {
  const size_t n = r->data->n;
  r->held = s->holdout > 0 ? (size_t)s->holdout : n / 10 > 1000 ? 1000 : n / 10;
  if (r->held == 0) r->held = 1;
  if (s->holdout >= n) {
    cli_error("--holdout %zu: of %zu sample%s none is left to train on", r->held, n,
              n == 1 ? "" : "s");
    return false;
  }
  if (n == 1) {
    const bool cut = s->data.range != NULL;
    cli_error("--%s %s: one sample, which is held out; none is left to train on",
              cut ? "range" : "data", cut ? s->data.range : s->data.spec);
    return false;
  }
  const size_t usual = n - r->held < 64 ? n - r->held : 64;
  r->batch = s->batch > 0 ? (size_t)s->batch : usual;
  if (n - r->held < r->batch) {
    cli_error("--batch %zu: of %zu samples %zu are held out, which leaves less than a batch",
              r->batch, n, r->held);
    return false;
  }
  if (r->batch < (size_t)ranks_all.count) {
    cli_error("--batch %zu: %d ranks share a batch, so it must hold at least %d samples", r->batch,
              ranks_all.count, ranks_all.count);
    return false;
  }
  if (s->fused && ranks_all.count > 1) {
    cli_error(
        "--fused: ranks add up their gradients, which a fused step does not store; use one rank");
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

enum { FUSED_BUDGET = 3 << 20 }; /* bytes a thread of activations */

static int run(cli_run *r, const cli_settings *s) {
  nf_checkpoint c = {0};
  nf_error e = {0};
  const bool resumes = ranks_is_first() && s->resume && access(r->last, F_OK) == 0;
  if (s->resume && !resumes && !s->quiet) printf("%s is not there: this is step 0\n", r->last);
  if (resumes && nf_checkpoint_load(r->last, &c, &e) == NF_OK)
    cli_run_resume(r, s, &c, &e);
  else if (!resumes)
    begin(r, s, &c, &e);
  nf_flow_set_threads(c.flow, cli_threads(s->threads), &e);
  if (e.status == NF_OK && s->fused) c.flow->activation_budget = FUSED_BUDGET;
  if (e.status == NF_OK && ranks_is_first()) cli_run_log_open(r, &e);
  int result = ranks_agree(e.status == NF_OK ? CLI_OK : cli_error("%s", e.message));
  if (result == CLI_OK) {
    share(r);
    result = cli_run_train(r);
  }
  result = cli_run_log_close(r, result);
  nf_trainer_free(r->trainer);
  nf_checkpoint_free(&c);
  return result;
}

/* The same data everywhere, or the batches would not be those of one process. */
static bool same_data(const cli_data *d) {
  double n[2] = {(double)d->n, -(double)d->n};
  ranks_max(2, n);
  if (n[0] + n[1] == 0) return true;
  cli_error("--data: from %.0f to %.0f samples on different ranks; all must read the same", -n[1],
            n[0]);
  return false;
}

static int train_on(const cli_data *data, const cli_settings *s, const cli_run_files *f) {
  cli_run r = {.data = data,
               .best = f->best,
               .last = f->last,
               .log_path = f->log,
               .flip = s->flip,
               .quiet = s->quiet};
  size_t *order = cli_data_order(data, s->seed);
  r.order = order;
  int result = CLI_OK;
  if (order == NULL)
    result = cli_error("out of memory");
  else if (!cli_settings_model(s, data, &r.model) || !set_sizes(&r, s))
    result = CLI_BAD_INPUT;
  result = ranks_agree(result);
  if (result == CLI_OK) {
    add_settings(&r, s);
    result = run(&r, s);
  }
  free(order);
  return result;
}

int cli_train(int argc, char **argv) {
  cli_settings s;
  const int status = cli_settings_read(&s, argc, argv);
  if (status != CLI_GO) return status;
  if (s.data.spec == NULL) return cli_error("--data is missing, as in --data digits");
  if (s.out == NULL) return cli_error("--out is missing, as in --out digits.safetensors");
  nf_error e = {0};
  cli_data data = {0};
  cli_run_files files;
  int result = CLI_OK;
  if (!cli_run_files_name(&files, &s) || (ranks_is_first() && !cli_run_files_claim(&files, &s)))
    result = CLI_BAD_INPUT;
  else if (cli_data_load(&s.data, &data, &e) != NF_OK)
    result = cli_error("%s", e.message);
  result = ranks_agree(result);
  if (result == CLI_OK) result = same_data(&data) ? train_on(&data, &s, &files) : CLI_BAD_INPUT;
  cli_data_free(&data);
  cli_run_files_release(&files);
  return result;
}
