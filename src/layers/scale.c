#include "layers/scale.h"

#include <string.h>

#include "core/real.h"
#include "core/vector.h"

static void clamp(const nf_tensor *own, size_t count, const nf_real *s, nf_real *log_g) {
  const size_t channels = own->dim[0];
  for (size_t k = 0; k < channels; k++) {
    const nf_real f = exp(own->data[k]);
    for (size_t i = k; i < count; i += channels) log_g[i] = s[i] / f;
  }
  nf_vector_tanh(count, log_g, log_g);
  for (size_t k = 0; k < channels; k++) {
    const nf_real f = exp(own->data[k]);
    for (size_t i = k; i < count; i += channels) log_g[i] *= f;
  }
}

/* Also ∂log g/∂log_f = f·tanh(s/f) - s·(1 - tanh²(s/f)). */
static void clamp_backward(const nf_tensor *own, size_t count, const nf_real *dlog_g, nf_real *s,
                           nf_real *log_g, nf_real *dlog_f) {
  const size_t channels = own->dim[0];
  clamp(own, count, s, log_g);
  for (size_t k = 0; k < channels; k++) {
    const nf_real f = exp(own->data[k]);
    double sum = 0;
    for (size_t i = k; i < count; i += channels) {
      const nf_real t = log_g[i] / f, slope = 1 - t * t;
      sum += (double)(dlog_g[i] * (log_g[i] - s[i] * slope));
      s[i] = dlog_g[i] * slope;
    }
    dlog_f[k] = NF_R(sum);
  }
}

void nf_scale_forward(nf_scale scale, const nf_tensor *own, size_t count, const nf_real *s,
                      nf_real *log_g) {
  switch (scale) {
    case NF_SCALE_NONE:
      memset(log_g, 0, count * sizeof *log_g);
      break;
    case NF_SCALE_EXP:
      memcpy(log_g, s, count * sizeof *log_g);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, log_g);
      for (size_t i = 0; i < count; i++) log_g[i] *= own->data[0];
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) log_g[i] = s[i] + 2;
      nf_vector_log_sigmoid(count, log_g, log_g);
      break;
    case NF_SCALE_CLAMP:
      clamp(own, count, s, log_g);
      break;
  }
}

void nf_scale_backward(nf_scale scale, const nf_tensor *own, size_t count, const nf_real *dlog_g,
                       nf_real *s, nf_real *memory, nf_real *down) {
  double dgamma = 0;
  switch (scale) {
    case NF_SCALE_NONE: /* has no s */
      break;
    case NF_SCALE_EXP:
      memcpy(s, dlog_g, count * sizeof *s);
      break;
    case NF_SCALE_TANH:
      nf_vector_tanh(count, s, s);
      for (size_t i = 0; i < count; i++) {
        dgamma += (double)(dlog_g[i] * s[i]);
        s[i] = dlog_g[i] * own->data[0] * (1 - s[i] * s[i]);
      }
      down[0] = NF_R(dgamma);
      break;
    case NF_SCALE_SIGMOID:
      for (size_t i = 0; i < count; i++) s[i] = s[i] + 2;
      nf_vector_exp(count, s, s);
      for (size_t i = 0; i < count; i++) s[i] = dlog_g[i] / (1 + s[i]);
      break;
    case NF_SCALE_CLAMP:
      clamp_backward(own, count, dlog_g, s, memory, down);
      break;
  }
}
