/* nf eval: the log-probability of data under a flow. For an image x the noise u of dequantisation
 * gives a bound, and K draws of it a tighter one (Burda et al. 2016):
 *
 *   log P(x) ≥ E log (1/K) Σ_k p(x + u_k)
 *
 * For points of a toy density log p is known, and so is KL(data‖flow). */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/number.h"
#include "eval.h"

enum { BLOCK = 256, FIRST_DRAW = 2 }; /* training and validation use draws 0 and 1 */

static const cli_command command = {
    "eval", "MODEL",
    "Prints the mean of -log p, in bits per dimension of the discrete pixels (points: in nats),\n"
    "with its standard error. Of the set it was trained on, a flow is evaluated on what training\n"
    "held out, unless --all is given. --importance K takes K draws of the dequantisation noise\n"
    "for each image, which bounds its log-probability more tightly. For toy data there is also\n"
    "the divergence KL(data|flow) from the true density.\n"
    "\n"
    "Of cnf and fm the error of their solver is shown: mean log p by its steps less that by twice\n"
    "as many, over 1000 samples at most. Beyond 0.01 nats a warning is printed, for the values "
    "are\n"
    "then not those of a density.\n"
    "\n"
    "--baselines SPEC names the data that the flow was trained on, and evaluates two densities "
    "that\n"
    "are fitted to the same training samples on the same others. Independent pixels: the "
    "histogram\n"
    "of each, with one more sample of every value. One Gaussian: of all pixels together after the\n"
    "flow's own dequantisation and logit, its covariance shrunk (Ledoit & Wolf 2004).",
    "  nf eval digits.safetensors --data digits --baselines digits\n"
    "  nf eval cifar.safetensors --data cifar10-test:DIR --importance 16 --csv images.csv"};

typedef struct {
  cli_data_choice data;
  const char *csv, *baselines;
  bool all, json, classify;
  uint64_t importance, threads;
} settings;

/* log (1/K) Σ exp(l_k), as a running maximum and sum. */
typedef struct {
  double max, sum;
} log_mean;

static void add(log_mean *m, double l) {
  if (l > m->max) {
    m->sum = m->sum * exp(m->max - l) + 1;
    m->max = l;
  } else {
    m->sum += exp(l - m->max);
  }
}

static double log_of(log_mean m, uint64_t count) { return m.max + log(m.sum / (double)count); }

/* log_p[i] with all draws; first, when it isn't NULL, with the first alone. */
static int bound(nf_flow *flow, uint64_t draws, nf_batch *x, double *first, double *log_p,
                 nf_error *e) {
  log_mean mean[BLOCK];
  for (size_t i = 0; i < x->n; i++) mean[i] = (log_mean){-INFINITY, 0};
  for (uint64_t k = 0; k < draws; k++) {
    x->draw = FIRST_DRAW + k;
    const int status = nf_flow_log_prob_batch(flow, x, log_p, e);
    if (status != NF_OK) return status;
    if (k == 0 && first != NULL) memcpy(first, log_p, x->n * sizeof *log_p);
    for (size_t i = 0; i < x->n; i++) add(&mean[i], log_p[i]);
  }
  for (size_t i = 0; i < x->n; i++) log_p[i] = log_of(mean[i], draws);
  return NF_OK;
}

/* By Bayes' rule with equal p(y), the most probable label is the y of the largest p(x | y). */
static int classify(const cli_data *data, nf_flow *flow, uint64_t draws, size_t begin, nf_batch *x,
                    cli_results *r, nf_error *e) {
  const size_t classes = nf_flow_condition(flow);
  size_t best[BLOCK] = {0};
  log_mean mean[BLOCK];
  double log_p[BLOCK], most[BLOCK];
  for (size_t y = 0; y < classes; y++) {
    for (size_t i = 0; i < x->n; i++) cli_batch_set_label(i, y, x);
    const int status = bound(flow, draws, x, NULL, log_p, e);
    if (status != NF_OK) return status;
    for (size_t i = 0; i < x->n; i++) {
      if (y == 0) mean[i] = (log_mean){-INFINITY, 0};
      if (y == 0 || log_p[i] > most[i]) most[i] = log_p[i], best[i] = y;
      add(&mean[i], log_p[i]);
    }
  }
  for (size_t i = 0; i < x->n; i++) {
    r->unlabelled[begin + i] = log_of(mean[i], classes);
    r->correct += best[i] == cli_data_label(data, r->index[begin + i]);
  }
  return NF_OK;
}

static int evaluate(const cli_data *data, nf_flow *flow, uint64_t draws, cli_results *r,
                    nf_error *e) {
  const bool progress = isatty(STDERR_FILENO) != 0;
  nf_batch x;
  int status = cli_batch_new(flow, BLOCK, &x, e);
  for (size_t begin = 0; begin < r->n && status == NF_OK; begin += BLOCK) {
    if (progress) fprintf(stderr, "\r\033[K%zu of %zu", begin, r->n);
    cli_batch_gather(data, r->n - begin < BLOCK ? r->n - begin : BLOCK, r->index + begin, &x);
    x.first = begin;
    status = bound(flow, draws, &x, r->first_draw + begin, r->log_p + begin, e);
    if (status == NF_OK && r->unlabelled != NULL)
      status = classify(data, flow, draws, begin, &x, r, e);
  }
  if (progress) fputs("\r\033[K", stderr);
  cli_batch_free(&x);
  return status;
}

/* --- which samples -------------------------------------------------------------------------- */

static bool has_metadata(const nf_checkpoint *c, const char *key, const char *text) {
  const char *was = nf_safetensors_metadata(&c->file, key);
  return was != NULL && strcmp(was, text) == 0;
}

/* Whether the data have the name and the range that the flow was trained on. */
static bool is_training_set(const nf_checkpoint *c, const cli_data *data) {
  char range[NF_METADATA_TEXT];
  snprintf(range, sizeof range, "%zu:%zu", data->first, data->first + data->n);
  return has_metadata(c, "data", data->name) && has_metadata(c, "range", range);
}

/* How many of these samples training held out; 0: they are not its data. */
static size_t held_out(const nf_checkpoint *c, const cli_data *data) {
  uint64_t held;
  const char *text = nf_safetensors_metadata(&c->file, "holdout");
  return text != NULL && nf_read_whole(text, data->n, &held) ? (size_t)held : 0;
}

static bool choose(const nf_checkpoint *c, const cli_data *data, const settings *s, cli_results *r,
                   size_t *held) {
  const bool named = is_training_set(c, data), same = named && cli_is_trained_on(c, data);
  r->others = named && !same;
  *held = s->all || !same ? 0 : held_out(c, data);
  r->n = *held > 0 ? *held : data->n;
  r->index = cli_data_order(data, nf_flow_model(c->flow)->seed);
  r->log_p = malloc(r->n * sizeof *r->log_p);
  r->first_draw = malloc(r->n * sizeof *r->first_draw);
  if (s->classify) r->unlabelled = malloc(r->n * sizeof *r->unlabelled);
  if (r->index == NULL || r->log_p == NULL || r->first_draw == NULL ||
      (s->classify && r->unlabelled == NULL))
    return false;
  for (size_t i = 0; *held == 0 && i < r->n; i++) r->index[i] = i;
  return true;
}

/* --- output --------------------------------------------------------------------------------- */

static void print_fit(json_t *json, size_t n, double lambda) {
  if (json == NULL) {
    printf("%-20s the %zu samples trained on; covariance shrunk by %.4f\n", "fitted to", n, lambda);
  } else {
    cli_json_whole(json, "fitted_to", n);
    cli_json_real(json, "shrinkage", lambda);
  }
}

/* To be called after cli_eval_print, since it overwrites r->first_draw. */
static int print_baselines(const settings *s, const nf_checkpoint *c, const cli_train_set *set,
                           const cli_data *data, cli_results *r, nf_error *e) {
  double lambda = 0, *value = r->first_draw;
  nf_error own = {0};
  if (data->bins > 0) {
    if (cli_baseline_pixels(set, data, r->n, r->index, value, e) != NF_OK) return e->status;
    for (size_t i = 0; i < r->n; i++) value[i] = cli_in_unit(-value[i], data->shape, data->bins);
    cli_print_mean(cli_eval_inner(r, "independent_pixels"), "independent pixels", r->n, value);
  }
  free(r->unlabelled);
  r->unlabelled = NULL;
  nf_flow *gaussian = cli_baseline_gaussian(set, nf_flow_model(c->flow), &lambda, &own);
  if (own.status == NF_ESHAPE) {
    if (r->json != NULL)
      cli_json_text(r->json, "one_gaussian", NULL);
    else
      printf("%-20s not fitted: more than 4096 dimensions\n", "one Gaussian");
    return NF_OK;
  }
  nf_flow_set_threads(gaussian, cli_threads(s->threads), &own);
  if (own.status == NF_OK) evaluate(data, gaussian, 1, r, &own);
  if (own.status == NF_OK) {
    for (size_t i = 0; i < r->n; i++) value[i] = cli_in_unit(-value[i], data->shape, data->bins);
    json_t *json = cli_eval_inner(r, "one_gaussian");
    cli_print_mean(json, "one Gaussian", r->n, value);
    print_fit(json, set->n, lambda);
  } else {
    nf_fail(e, own.status, "--baselines %s: %s", s->baselines, own.message);
  }
  nf_flow_free(gaussian);
  return own.status;
}

static bool is_stdout(const char *path) { return path != NULL && strcmp(path, "-") == 0; }

static int run(const settings *s, const char *path, const nf_checkpoint *c, const cli_data *data) {
  nf_error e = {0}, own = {0};
  cli_results r = {.json = s->json ? json_object() : NULL, .solver = NAN};
  cli_train_set set = {0};
  cli_data_choice trained = s->data;
  trained.spec = s->baselines;
  size_t held = 0;
  if (s->importance > 1 && data->bins == 0)
    nf_fail(&e, NF_EINVAL, "--importance: points have no dequantisation noise to draw");
  if (s->classify && nf_flow_condition(c->flow) == 0)
    nf_fail(&e, NF_EINVAL, "--classify: %s does not depend on a label; nf train --condition label",
            path);
  if (e.status == NF_OK && s->baselines != NULL) cli_train_set_load(c, path, &trained, &set, &e);
  if (e.status == NF_OK && !choose(c, data, s, &r, &held)) nf_fail(&e, NF_ENOMEM, "out of memory");
  if (e.status == NF_OK && evaluate(data, c->flow, s->importance, &r, &own) != NF_OK)
    nf_fail(&e, own.status, "%s on %s: %s", path, s->data.spec, own.message);
  if (e.status == NF_OK &&
      cli_solver_error(c->flow, path, data, r.n, r.index, &r.solver, &own) != NF_OK)
    nf_fail(&e, own.status, "%s on %s: %s", path, s->data.spec, own.message);
  if (e.status == NF_OK && s->csv != NULL) cli_write_log_p(s->csv, data, r.n, r.index, r.log_p, &e);
  if (e.status == NF_OK && !is_stdout(s->csv))
    cli_eval_print(data, path, nf_flow_model(c->flow), s->importance, held, &r);
  if (e.status == NF_OK && s->baselines != NULL && !is_stdout(s->csv))
    print_baselines(s, c, &set, data, &r, &e);
  free(r.index);
  free(r.log_p);
  free(r.first_draw);
  free(r.unlabelled);
  cli_train_set_free(&set);
  if (e.status == NF_OK && s->json) return cli_json_print(r.json);
  json_decref(r.json);
  return e.status == NF_OK ? CLI_OK : cli_error("%s", e.message);
}

int cli_eval(int argc, char **argv) {
  settings s = {.importance = 1};
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&s.data),
      CLI_OPTION_LABEL(&s.data),
      {"all", NULL, CLI_FLAG, &s.all, "what it was trained on, too", 0, 0, NULL},
      {"importance", "K", CLI_WHOLE, &s.importance, "draws of the noise for each image", 1, 1e6,
       NULL},
      {"classify", NULL, CLI_FLAG, &s.classify,
       "a flow given labels: the mean without them, and how often the label is the most probable",
       0, 0, NULL},
      {"baselines", "SPEC", CLI_TEXT, &s.baselines,
       "what it was trained on: evaluate two simple densities of it, too", 0, 0, NULL},
      {"csv", "FILE", CLI_TEXT, &s.csv,
       "one line a sample, in their order: index, log p in nats, and as above; - prints these "
       "alone",
       0, 0, NULL},
      CLI_OPTION_JSON(&s.json),
      CLI_OPTION_THREADS(&s.threads),
  };
  const char *path = NULL;
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  if (!cli_output_is_free("--csv", s.csv, path, s.data.spec)) return CLI_BAD_INPUT;
  if (s.classify && s.data.label != NULL) return cli_error("--classify, --label: give one of them");
  if (s.json && is_stdout(s.csv)) return cli_error("--json, --csv -: give one of them");
  nf_checkpoint c = {0};
  cli_data data = {0};
  if (!cli_load_model(path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  if (cli_load_data(&c, path, &s.data, &data)) result = run(&s, path, &c, &data);
  cli_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
