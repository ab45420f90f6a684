/* nf eval: how probable a flow finds data. For an image x the noise u of dequantisation gives a
 * bound, and K draws of it a tighter one (Burda et al. 2016):
 *
 *   log P(x) ≥ E log (1/K) Σ_k p(x + u_k)
 *
 * For points of a toy density the truth is known, and so is KL(data‖flow). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/new_file.h"
#include "nf_baseline.h"

enum { BLOCK = 256, FIRST_DRAW = 2 }; /* training and validation use draws 0 and 1 */

static const nf_command command = {
    "eval", "MODEL",
    "Prints the mean of -log p, in bits per dimension of the discrete pixels (points: in nats),\n"
    "with its standard error. Of the set it was trained on, a flow is judged on what training\n"
    "held out, unless --all is given. --importance K takes K draws of the dequantisation noise\n"
    "for each image, which bounds its log-probability more tightly. For toy data there is also\n"
    "the divergence KL(data|flow) from the true density. --baselines SPEC names the data that the\n"
    "flow was trained on, and shows what it must beat: two densities fitted to the same training\n"
    "samples and judged on the same others. Independent pixels: the histogram of each, with one\n"
    "more sample at every level. One Gaussian: of all pixels together after the flow's own\n"
    "dequantisation and logit, its covariance shrunk (Ledoit & Wolf 2004).",
    "  nf eval digits.safetensors --data digits --baselines digits\n"
    "  nf eval cifar.safetensors --data cifar10-test:DIR --importance 16 --csv images.csv"};

typedef struct {
  const char *data, *range, *csv, *baselines;
  bool all;
  uint64_t importance, threads;
} settings;

typedef struct {
  size_t n;
  size_t *index;          /* of the samples judged */
  double *log_p, *of_one; /* nats: with all draws, and with the first alone */
} judged;

/* log (1/K) Σ exp(l_k), kept as a running maximum and sum. */
typedef struct {
  double most, sum;
} log_mean;

static void add(log_mean *m, double l) {
  if (l > m->most) {
    m->sum = m->sum * exp(m->most - l) + 1;
    m->most = l;
  } else {
    m->sum += exp(l - m->most);
  }
}

static int judge_block(const nf_data *data, nf_flow *flow, uint64_t draws, size_t begin, size_t n,
                       nf_real *values, const judged *j) {
  log_mean mean[BLOCK];
  double log_p[BLOCK];
  nf_batch x = {.n = n, .shape = data->shape, .data = values, .first = begin};
  nf_data_gather(data, n, j->index + begin, values);
  for (size_t i = 0; i < n; i++) mean[i] = (log_mean){-INFINITY, 0};
  for (uint64_t k = 0; k < draws; k++) {
    x.draw = FIRST_DRAW + k;
    const int status = nf_flow_log_prob(flow, &x, log_p);
    if (status != NF_OK) return status;
    if (k == 0) memcpy(j->of_one + begin, log_p, n * sizeof *log_p);
    for (size_t i = 0; i < n; i++) add(&mean[i], log_p[i]);
  }
  for (size_t i = 0; i < n; i++)
    j->log_p[begin + i] = mean[i].most + log(mean[i].sum / (double)draws);
  return NF_OK;
}

static int judge(const nf_data *data, nf_flow *flow, uint64_t draws, const judged *j) {
  const bool progress = isatty(STDERR_FILENO) != 0;
  nf_real *values = malloc(BLOCK * flow->d * sizeof *values);
  int status = values == NULL ? NF_ENOMEM : NF_OK;
  for (size_t begin = 0; begin < j->n && status == NF_OK; begin += BLOCK) {
    if (progress) fprintf(stderr, "\r\033[K%zu of %zu", begin, j->n);
    status = judge_block(data, flow, draws, begin, j->n - begin < BLOCK ? j->n - begin : BLOCK,
                         values, j);
  }
  if (progress) fputs("\r\033[K", stderr);
  free(values);
  return status;
}

/* --- which samples ----------------------------------------------------------------------- */

static bool has_note(const nf_checkpoint *c, const char *key, const char *text) {
  const char *was = nf_safetensors_metadata(&c->file, key);
  return was != NULL && strcmp(was, text) == 0;
}

/* How many training held out of these very data; 0: it never saw them. */
static size_t held_out(const nf_checkpoint *c, const nf_data *data) {
  char range[NF_NOTE];
  uint64_t held;
  snprintf(range, sizeof range, "%zu:%zu", data->first, data->first + data->n);
  const char *text = nf_safetensors_metadata(&c->file, "holdout");
  const bool same = has_note(c, "data", data->name) && has_note(c, "range", range);
  return same && text != NULL && nf_read_whole(text, data->n, &held) ? (size_t)held : 0;
}

static bool choose(const nf_checkpoint *c, const nf_data *data, bool all, judged *j, size_t *held) {
  *held = all ? 0 : held_out(c, data);
  j->n = *held > 0 ? *held : data->n;
  j->index = nf_data_order(data, c->model.seed);
  j->log_p = malloc(j->n * sizeof *j->log_p);
  j->of_one = malloc(j->n * sizeof *j->of_one);
  if (j->index == NULL || j->log_p == NULL || j->of_one == NULL) return false;
  for (size_t i = 0; *held == 0 && i < j->n; i++) j->index[i] = i;
  return true;
}

/* --- what one sees ----------------------------------------------------------------------- */

/* "name  mean ± standard error", of values in the unit shown */
static void print_mean(const char *name, size_t n, const double *value) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < n; i++) mean += value[i] / (double)n;
  for (size_t i = 0; i < n; i++) square += (value[i] - mean) * (value[i] - mean);
  printf("%-20s %.4f ± %.4f\n", name, mean, n > 1 ? sqrt(square / (double)(n - 1) / (double)n) : 0);
}

static void print(const nf_data *data, const char *path, uint64_t draws, size_t held, judged *j) {
  char name[48];
  double *value = j->of_one;
  if (held > 0)
    printf("%s on %s: %zu samples that training held out\n", path, data->name, j->n);
  else
    printf("%s on %s: %zu samples\n", path, data->name, j->n);
  for (size_t i = 0; i < j->n; i++) value[i] = nf_shown(-value[i], data->shape, data->levels);
  print_mean(nf_unit(data->levels), j->n, value);
  if (draws > 1) {
    for (size_t i = 0; i < j->n; i++) value[i] = nf_shown(-j->log_p[i], data->shape, data->levels);
    snprintf(name, sizeof name, "%s, %d draws", nf_unit(data->levels), (int)draws);
    print_mean(name, j->n, value);
  }
  if (data->toy == NULL) return;
  for (size_t i = 0; i < j->n; i++) {
    const nf_real *p = data->point + 2 * (data->first + j->index[i]);
    value[i] = data->toy->log_density((double[2]){(double)p[0], (double)p[1]}) - j->log_p[i];
  }
  print_mean("KL(data|flow)", j->n, value);
}

/* After print, whose room is used again. */
static int print_baselines(const settings *s, const nf_checkpoint *c, const nf_seen *seen,
                           const nf_data *data, const judged *j) {
  nf_flow *gaussian = NULL;
  double lambda = 0, *value = j->of_one;
  int status = NF_OK;
  if (data->levels > 0) {
    status = nf_baseline_pixels(seen, data, j->n, j->index, value);
    if (status != NF_OK) return status;
    for (size_t i = 0; i < j->n; i++) value[i] = nf_shown(-value[i], data->shape, data->levels);
    print_mean("independent pixels", j->n, value);
  }
  status = nf_baseline_gaussian(seen, &c->model, &gaussian, &lambda);
  if (status == NF_ESHAPE) {
    printf("%-20s not fitted: more than 4096 dimensions\n", "one Gaussian");
    return NF_OK;
  }
  if (status == NF_OK) status = nf_flow_set_threads(gaussian, (int)s->threads);
  if (status == NF_OK) status = judge(data, gaussian, 1, j);
  if (status == NF_OK) {
    for (size_t i = 0; i < j->n; i++) value[i] = nf_shown(-value[i], data->shape, data->levels);
    print_mean("one Gaussian", j->n, value);
    printf("%-20s the %zu samples trained on; covariance shrunk by %.4f\n", "fitted to", seen->n,
           lambda);
  }
  nf_flow_free(gaussian);
  return status;
}

static int write_csv(const char *path, const nf_data *data, const judged *j,
                     char message[NF_MESSAGE]) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, message);
  if (status != NF_OK) return status;
  fprintf(f.file, "index,log_p,%s\n", data->levels > 0 ? "bits_per_dim" : "nats");
  for (size_t i = 0; i < j->n; i++)
    fprintf(f.file, "%zu,%.9g,%.9g\n", data->first + j->index[i], j->log_p[i],
            nf_shown(-j->log_p[i], data->shape, data->levels));
  if (ferror(f.file))
    status = nf_fail(NF_EIO, message, "%s: cannot write: %s", path, strerror(errno));
  return nf_new_file_close(&f, status, message);
}

int nf_eval(int argc, char **argv) {
  settings s = {.importance = 1, .threads = (uint64_t)nf_threads_default()};
  const nf_option option[] = {
      NF_OPTION_DATA(&s.data),
      NF_OPTION_RANGE(&s.range),
      {"all", NULL, NF_FLAG, &s.all, "what it was trained on, too", 0, 0, NULL},
      {"importance", "K", NF_WHOLE, &s.importance, "draws of the noise for each image", 1, 1e6,
       NULL},
      {"baselines", "SPEC", NF_TEXT, &s.baselines,
       "what it was trained on: judge two simple densities of it, too", 0, 0, NULL},
      {"csv", "FILE", NF_TEXT, &s.csv, "one line a sample: index, log p in nats, and as above", 0,
       0, NULL},
      NF_OPTION_THREADS(&s.threads),
  };
  const char *path = NULL;
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  nf_checkpoint c = {0};
  nf_data data = {0};
  if (!nf_load_model(path, s.threads, &c)) return NF_BAD_INPUT;
  if (!nf_load_data(&c, path, s.data, s.range, &data)) {
    nf_checkpoint_free(&c);
    return NF_BAD_INPUT;
  }
  char message[NF_MESSAGE];
  judged j = {0};
  nf_seen seen = {0};
  size_t held;
  int status = NF_EINVAL;
  if (s.importance > 1 && data.levels == 0)
    nf_fail(status, message, "--importance: points have no dequantisation noise to draw");
  else if (s.baselines != NULL &&
           (status = nf_seen_load(&c, path, s.baselines, &seen, message)) != NF_OK)
    ; /* it said why */
  else if (!choose(&c, &data, s.all, &j, &held))
    status = nf_fail(NF_ENOMEM, message, "out of memory");
  else if ((status = judge(&data, c.flow, s.importance, &j)) != NF_OK)
    nf_fail(status, message, "%s on %s: %s", path, s.data, nf_status_text(status));
  if (status == NF_OK && s.csv != NULL) status = write_csv(s.csv, &data, &j, message);
  if (status == NF_OK) print(&data, path, s.importance, held, &j);
  if (status == NF_OK && s.baselines != NULL &&
      (status = print_baselines(&s, &c, &seen, &data, &j)) != NF_OK)
    nf_fail(status, message, "--baselines %s: %s", s.baselines, nf_status_text(status));
  free(j.index);
  free(j.log_p);
  free(j.of_one);
  nf_seen_free(&seen);
  nf_data_free(&data);
  nf_checkpoint_free(&c);
  return status == NF_OK ? NF_FINE : nf_complain("%s", message);
}
