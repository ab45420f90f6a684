/* The loop. What a step does depends on its number and on what a checkpoint holds, never on the
 * clock, so a run that was killed and resumed ends in the same weights; only a run that is measured
 * in minutes has a length that depends on the machine.
 *
 * Ranks (ranks.h) take a share each of every batch, and of the samples held out. The mean over a
 * batch of n is that of the shares' means, weighted by their sizes:
 *
 *   ∂L/∂θ = Σ_r (n_r/n) ∂L_r/∂θ,     L = Σ_r (n_r/n) L_r,     Σ_r n_r = n
 *
 * So all ranks make the same step from the same weights. What a rank alone has, an error, a signal,
 * the time, they agree on before anything depends on it.
 *
 * Noise belongs to (draw, sample): training uses draw 0 and numbers its samples step·batch + i,
 * validation uses draw 1 every time, so that validations compare; eval starts at draw 2. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "flow/models.h"
#include "ranks.h"
#include "train.h"

/* The state of the loop. */
typedef struct {
  cli_run *run;
  cli_share part; /* of a mini-batch: this rank's samples */
  nf_batch x;     /* those of this step */
  nf_batch held;  /* this rank's part of the samples held out */
  double *log_p;  /* of the samples in held */
  size_t *index;  /* of the samples of this step, of all ranks */
  int stopped_by; /* a signal, as last agreed on; 0: none */
  cli_run_state state;
  nf_error *e;
} loop;

/* One status, one clock and one signal for all ranks: the largest of each. */
static int agree(loop *l, int status) {
  double x[3] = {status, l->run->spent + cli_seconds() - l->state.start, cli_stopped_by};
  ranks_max(3, x);
  l->state.spent = x[1];
  l->stopped_by = (int)x[2];
  return (int)x[0];
}

static size_t training_samples(const cli_run *r) { return r->data->n - r->held; }

/* --- checkpoints ---------------------------------------------------------------------------- */

/* The averaged weights alone. */
static int save_best(loop *l) {
  cli_run *r = l->run;
  if (!ranks_is_first()) return NF_OK;
  nf_trainer_swap_ema(r->trainer);
  const int status =
      nf_checkpoint_save(r->best, r->trainer->flow, NULL, r->n_metadata - CLI_RUN_LAST_ONLY,
                         r->metadata + CLI_RUN_LAST_ONLY, l->e);
  nf_trainer_swap_ema(r->trainer);
  return status;
}

/* Everything, to resume from. */
static int save_last(loop *l) {
  cli_run *r = l->run;
  if (!ranks_is_first()) return NF_OK;
  snprintf(r->text[0], NF_METADATA_TEXT, "%.3f", l->state.spent);
  if (fflush(r->log) != 0 || ferror(r->log))
    return nf_fail(l->e, NF_EIO, "%s: cannot write: %s", r->log_path, strerror(errno));
  return nf_checkpoint_save(r->last, r->trainer->flow, r->trainer, r->n_metadata, r->metadata,
                            l->e);
}

/* --- steps ---------------------------------------------------------------------------------- */

static int fail_step(loop *l, const nf_error *why) {
  const cli_run *r = l->run;
  return nf_fail(l->e, why->status,
                 "step %" PRIu64
                 ": %s; the last good state is in %s, and "
                 "--resume goes on from it, say with a smaller --rate",
                 r->trainer->step + 1, why->message, r->last);
}

/* How many steps the time will hold, as estimated from those done. */
static void estimate_steps(loop *l) {
  cli_run *r = l->run;
  nf_schedule *s = &r->trainer->settings.schedule;
  const double part = l->state.spent / r->seconds, done = (double)r->trainer->step;
  s->steps = r->steps;
  if (part > 1e-3 && done > 0) s->steps = (uint64_t)(done / part) + 1;
  s->warmup = r->warmup < s->steps / 10 ? r->warmup : s->steps / 10;
}

/* From this rank's share of loss and gradient to those of the batch. */
static void combine(loop *l, double *loss) {
  nf_trainer *t = l->run->trainer;
  const double weight = (double)l->part.count / (double)l->run->batch;
  for (size_t i = 0; i < t->flow->n_param; i++) t->gradient[i] *= (nf_real)weight;
  *loss *= weight;
  ranks_sum_gradient(t->flow->n_param, t->gradient);
  ranks_sum(1, loss);
}

/* One step of all ranks together. */
static int shared_step(loop *l, nf_train_stats *stats) {
  cli_run *r = l->run;
  double loss;
  nf_error own = {0};
  int status = nf_train_gradient_batch(r->trainer, &l->x, &loss, &own);
  if (status != NF_OK) fail_step(l, &own);
  status = agree(l, status);
  if (status != NF_OK) return status;
  if (r->seconds > 0) estimate_steps(l);
  combine(l, &loss);
  status = nf_train_update(r->trainer, loss, stats, &own);
  return status != NF_OK ? fail_step(l, &own) : NF_OK;
}

/* One step of the only rank. */
static int fused_step(loop *l, nf_train_stats *stats) {
  if (l->run->seconds > 0) estimate_steps(l);
  nf_error own = {0};
  const int status = agree(l, nf_train_step_batch(l->run->trainer, &l->x, stats, &own));
  return status != NF_OK ? fail_step(l, &own) : NF_OK;
}

/* This rank's part of the samples of step t: new points of a toy density, whose set is its first
 * ones, else the next of the shuffled set. */
static void next_batch(loop *l, uint64_t t, uint64_t *epoch) {
  cli_run *r = l->run;
  *epoch = nf_shuffled_batch(r->model.seed, t, training_samples(r), r->batch, l->index);
  l->x.first = t * r->batch + l->part.begin;
  if (r->data->toy != NULL && r->data->n == CLI_TOY_POINTS) {
    nf_toy_sample(r->data->toy, 1, CLI_TOY_POINTS + l->x.first, l->part.count, l->x.data);
    return;
  }
  for (size_t i = 0; i < r->batch; i++) l->index[i] = r->order[r->held + l->index[i]];
  cli_batch_gather(r->data, l->part.count, l->index + l->part.begin, &l->x);
  if (r->flip) cli_batch_flip(r->model.seed, &l->x);
}

static int step(loop *l, nf_train_stats *stats, uint64_t *epoch) {
  cli_run *r = l->run;
  next_batch(l, r->trainer->step, epoch);
  const int status = r->trainer->settings.fused ? fused_step(l, stats) : shared_step(l, stats);
  if (status != NF_OK) return status;
  l->state.smooth =
      isfinite(l->state.smooth) ? 0.98 * l->state.smooth + 0.02 * stats->loss : stats->loss;
  return NF_OK;
}

/* Of the averaged weights on what was held out; the best so far are saved. */
static int validate(loop *l) {
  cli_run *r = l->run;
  nf_trainer_swap_ema(r->trainer);
  nf_error own = {0};
  int status = nf_flow_log_prob_batch(r->trainer->flow, &l->held, l->log_p, &own);
  nf_trainer_swap_ema(r->trainer);
  double sum = status == NF_OK ? 0 : NAN;
  if (status == NF_ENONFINITE) status = NF_OK;
  if (status != NF_OK) nf_fail(l->e, status, "validation: %s", own.message);
  status = agree(l, status);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < l->held.n; i++) sum -= l->log_p[i];
  ranks_sum(1, &sum);
  l->state.validation = sum / (double)r->held;
  if (!nf_trainer_report(r->trainer, l->state.validation)) return NF_OK;
  return agree(l, save_best(l));
}

/* --- the loop ------------------------------------------------------------------------------- */

static bool is_over(const loop *l) {
  const cli_run *r = l->run;
  return r->seconds > 0 ? l->state.spent >= r->seconds : r->trainer->step >= r->steps;
}

static int train(loop *l) {
  cli_run *r = l->run;
  /* So that a folder that is not writable is found now. */
  int status = agree(l, save_last(l));
  bool over = is_over(l);
  while (status == NF_OK && !over && !l->stopped_by) {
    nf_train_stats stats;
    uint64_t epoch;
    status = step(l, &stats, &epoch);
    if (status != NF_OK) return status;
    over = is_over(l);
    const bool validates = over || r->trainer->step % r->every == 0;
    if (validates) status = validate(l);
    cli_run_log_step(r, &l->state, &stats, epoch, validates);
    if (validates && status == NF_OK) status = agree(l, save_last(l));
    cli_run_show_progress(r, &l->state, &stats);
  }
  if (status == NF_OK && l->stopped_by) {
    if (!cli_run_has_best(r)) status = save_best(l);
    if (status == NF_OK) status = save_last(l);
    status = agree(l, status);
  }
  return status;
}

static int prepare(loop *l) {
  cli_run *r = l->run;
  const nf_flow *flow = r->trainer->flow;
  l->part = ranks_share(r->batch);
  const cli_share held = ranks_share(r->held); /* perhaps none */
  l->log_p = malloc((held.count + 1) * sizeof *l->log_p);
  l->index = malloc(r->batch * sizeof *l->index);
  if (l->log_p == NULL || l->index == NULL) return nf_fail(l->e, NF_ENOMEM, "out of memory");
  if (cli_batch_new(flow, l->part.count, &l->x, l->e) != NF_OK ||
      cli_batch_new(flow, held.count, &l->held, l->e) != NF_OK)
    return l->e->status;
  cli_batch_gather(r->data, held.count, r->order + held.begin, &l->held);
  l->held.first = held.begin;
  l->held.draw = 1;
  return NF_OK;
}

int cli_run_train(cli_run *r) {
  nf_error e = {0};
  loop l = {.run = r, .state = cli_run_begin(r), .e = &e};
  cli_signals_handle();
  int status = agree(&l, prepare(&l));
  if (status == NF_OK) status = train(&l);
  cli_signals_restore();
  if (l.state.progress) fputs("\r\033[K", stderr);
  cli_batch_free(&l.x);
  cli_batch_free(&l.held);
  free(l.log_p);
  free(l.index);
  if (status != NF_OK) {
    if (e.status != NF_OK) cli_error("%s", e.message); /* else another rank does */
    return status == NF_ENONFINITE || status == NF_ESINGULAR ? CLI_FAILED : CLI_BAD_INPUT;
  }
  if (!l.stopped_by && !cli_run_has_best(r)) return cli_run_fail_without_best(r, &l.state);
  cli_run_report(r, &l.state);
  return l.stopped_by ? CLI_SIGNAL + l.stopped_by : CLI_OK;
}
