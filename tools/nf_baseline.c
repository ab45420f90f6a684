/* Counting, and one elimination. */
#include "nf_baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/gaussian.h"

int nf_seen_load(const nf_checkpoint *c, const char *path, const char *spec, nf_seen *out,
                 char message[NF_MESSAGE]) {
  const char *name = nf_safetensors_metadata(&c->file, "data");
  const char *range = nf_safetensors_metadata(&c->file, "range");
  const char *holdout = nf_safetensors_metadata(&c->file, "holdout");
  nf_seen s = {0};
  uint64_t held = 0;
  int status = nf_data_load(spec, range, &s.data, message);
  if (status == NF_OK && (name == NULL || range == NULL || holdout == NULL ||
                          !nf_read_whole(holdout, s.data.n - 1, &held)))
    status = nf_fail(NF_EINVAL, message, "%s does not say what it was trained on", path);
  if (status == NF_OK && strcmp(name, s.data.name) != 0)
    status =
        nf_fail(NF_EINVAL, message, "--baselines %s: %s was trained on %.40s", spec, path, name);
  if (status == NF_OK && (s.order = nf_data_order(&s.data, c->model.seed)) == NULL)
    status = nf_fail(NF_ENOMEM, message, "out of memory");
  s.n = s.data.n - (size_t)held;
  if (status == NF_OK)
    *out = s;
  else
    nf_seen_free(&s);
  return status;
}

void nf_seen_free(nf_seen *s) {
  nf_data_free(&s->data);
  free(s->order);
  *s = (nf_seen){0};
}

static const size_t *seen_index(const nf_seen *s) { return s->order + (s->data.n - s->n); }
static const uint8_t *image(const nf_data *d, size_t i) {
  return d->images.pixel + (d->first + i) * nf_shape_size(d->shape);
}

int nf_baseline_pixels(const nf_seen *s, const nf_data *data, size_t n, const size_t *index,
                       double *log_p) {
  const size_t d = nf_shape_size(data->shape), levels = data->levels;
  size_t *count = calloc(d * levels, sizeof *count);
  if (count == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < s->n; i++)
    for (size_t k = 0; k < d; k++) count[k * levels + image(&s->data, seen_index(s)[i])[k]]++;
  for (size_t i = 0; i < n; i++) {
    log_p[i] = 0;
    for (size_t k = 0; k < d; k++)
      log_p[i] +=
          log(((double)count[k * levels + image(data, index[i])[k]] + 1) / (double)(s->n + levels));
  }
  free(count);
  return NF_OK;
}

/* Pixels as the model sees them, at one place, and an affine layer: the identity at birth. */
static nf_bijector *build(const nf_model *m, int *status) {
  const nf_shape point = nf_point(nf_shape_size(m->shape));
  nf_bijector *chain = nf_chain_new(m->shape, status);
  if (m->pixel_levels > 0) {
    nf_chain_add(chain, nf_dequantise_new(m->shape, m->pixel_levels, m->seed, status), status);
    nf_chain_add(chain, nf_logit_new(m->shape, m->alpha, status), status);
  }
  nf_chain_add(chain, nf_reshape_new(m->shape, point, status), status);
  nf_chain_add(chain, nf_affine_new(point, status), status);
  return chain;
}

int nf_baseline_gaussian(const nf_seen *s, const nf_model *m, nf_flow **out, double *shrinkage) {
  int status = NF_OK;
  nf_flow *flow = NULL;
  nf_bijector *b = build(m, &status);
  if (status != NF_OK) {
    nf_bijector_free(b);
    return status;
  }
  status = nf_flow_new(&flow, b, m->seed);
  if (status != NF_OK) return status;
  const size_t d = flow->d;
  nf_batch y = {.n = s->n, .shape = m->shape, .data = malloc(s->n * d * sizeof(nf_real))};
  status = y.data == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    nf_data_gather(&s->data, s->n, seen_index(s), y.data);
    status = nf_flow_forward(flow, &y, y.data, NULL);
  }
  if (status == NF_OK)
    status = nf_gaussian_fit(s->n, d, y.data, flow->param, flow->param + d * d, shrinkage);
  free(y.data);
  if (status == NF_OK)
    *out = flow;
  else
    nf_flow_free(flow);
  return status;
}
