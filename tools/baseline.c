/* The two baselines of nf eval: a histogram a pixel, and one Gaussian. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/number.h"

int cli_train_set_load(const nf_checkpoint *c, const char *path, const cli_data_choice *choice,
                       cli_train_set *out, nf_error *e) {
  const char *name = nf_safetensors_metadata(&c->file, "data");
  const char *range = nf_safetensors_metadata(&c->file, "range");
  const char *holdout = nf_safetensors_metadata(&c->file, "holdout");
  cli_train_set s = {0};
  uint64_t held = 0;
  cli_data_choice set = *choice;
  set.range = range;
  set.columns = cli_points_in_file(set.spec) ? cli_column_names(c) : NULL;
  int status = cli_data_load(&set, &s.data, e);
  if (status == NF_OK && (name == NULL || range == NULL || holdout == NULL ||
                          !nf_read_whole(holdout, s.data.n - 1, &held)))
    status = nf_fail(e, NF_EINVAL, "%s does not name what it was trained on", path);
  if (status == NF_OK && strcmp(name, s.data.name) != 0)
    status = nf_fail(e, NF_EINVAL, "--baselines %s: %s was trained on %.40s", set.spec, path, name);
  if (status == NF_OK && (s.order = cli_data_order(&s.data, nf_flow_model(c->flow)->seed)) == NULL)
    status = nf_fail(e, NF_ENOMEM, "out of memory");
  if (status == NF_OK) cli_reduce(nf_flow_model(c->flow), &s.data);
  if (status == NF_OK && !cli_is_trained_on(c, &s.data))
    status = nf_fail(e, NF_EINVAL, "--baselines %s: %s was trained on other values of %s", set.spec,
                     path, name);
  s.n = s.data.n - (size_t)held;
  if (status == NF_OK)
    *out = s;
  else
    cli_train_set_free(&s);
  return status;
}

void cli_train_set_free(cli_train_set *s) {
  cli_data_free(&s->data);
  free(s->order);
  *s = (cli_train_set){0};
}

static const size_t *train_index(const cli_train_set *s) { return s->order + (s->data.n - s->n); }
static const uint8_t *image(const cli_data *d, size_t i) {
  return d->images.pixel + (d->first + i) * nf_shape_size(d->shape);
}

int cli_baseline_pixels(const cli_train_set *s, const cli_data *data, size_t n, const size_t *index,
                        double *log_p, nf_error *e) {
  const size_t d = nf_shape_size(data->shape), bins = data->bins;
  size_t *count = calloc(d * bins, sizeof *count);
  if (count == NULL) return nf_fail(e, NF_ENOMEM, "out of memory");
  for (size_t i = 0; i < s->n; i++)
    for (size_t k = 0; k < d; k++) count[k * bins + image(&s->data, train_index(s)[i])[k]]++;
  for (size_t i = 0; i < n; i++) {
    log_p[i] = 0;
    for (size_t k = 0; k < d; k++)
      log_p[i] +=
          log(((double)count[k * bins + image(data, index[i])[k]] + 1) / (double)(s->n + bins));
  }
  free(count);
  return NF_OK;
}

/* Pixels as the model's layers get them, as one point, and an affine layer. */
static nf_bijector *layers(const nf_model *m, nf_error *e) {
  const nf_shape point = nf_point(nf_shape_size(m->shape));
  nf_bijector *chain = nf_chain_new(m->shape, e);
  if (m->bins > 0) {
    nf_chain_add(chain, nf_dequantise_new(m->shape, m->bins, m->seed, e), e);
    nf_chain_add(chain, nf_logit_new(m->shape, m->alpha, e), e);
  }
  if (m->standardise) nf_chain_add(chain, nf_standardise_new(m->shape, e), e);
  nf_chain_add(chain, nf_reshape_new(m->shape, point, e), e);
  nf_chain_add(chain, nf_affine_new(point, e), e);
  return chain;
}

nf_flow *cli_baseline_gaussian(const cli_train_set *s, const nf_model *m, double *shrinkage,
                               nf_error *e) {
  nf_flow *flow = nf_flow_new(layers(m, e), m->seed, e);
  const size_t d = nf_flow_dim(flow);
  nf_real *y = malloc((s->n * d + 1) * sizeof *y), *weight = nf_flow_param(flow);
  if (y == NULL) nf_fail(e, NF_ENOMEM, "out of memory");
  if (nf_status_of(e) == NF_OK) cli_data_gather(&s->data, s->n, train_index(s), y);
  if (m->standardise) nf_flow_init_from_data(flow, s->n, y, e);
  nf_flow_forward(flow, s->n, y, y, NULL, e);
  nf_gaussian_fit(s->n, d, y, weight, weight + d * d, shrinkage, e);
  free(y);
  if (nf_status_of(e) == NF_OK) return flow;
  nf_flow_free(flow);
  return NULL;
}
