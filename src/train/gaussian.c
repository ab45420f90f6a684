/* Mean, covariance, shrinkage, and the elimination that whitens:
 *
 *   [S | I] → [U | W],  S = UᵀU, U upper triangular       row operations that take S to U take I
 *                                                         to W = U⁻ᵀ, so that W S Wᵀ = I */
#include <stdlib.h>
#include <string.h>

#include "core/gemm.h"
#include "core/real.h"
#include "nf/train.h"

enum { BLOCK = 256 };

static int find_mean(size_t n, size_t d, const nf_real *y, double *mean) {
  memset(mean, 0, d * sizeof *mean);
  for (size_t i = 0; i < n * d; i++) mean[i % d] += (double)y[i];
  for (size_t k = 0; k < d; k++) {
    mean[k] /= (double)n;
    if (!isfinite(mean[k])) return NF_ENONFINITE;
  }
  return NF_OK;
}

/* S, block by block; *fourth = Σ ‖y_i - m‖⁴ */
static void find_covariance(size_t n, size_t d, const nf_real *y, const double *mean,
                            nf_real *centred, nf_real *product, double *s, double *fourth) {
  memset(s, 0, d * d * sizeof *s);
  *fourth = 0;
  for (size_t begin = 0; begin < n; begin += BLOCK) {
    const size_t count = nf_min_size(BLOCK, n - begin);
    for (size_t i = 0; i < count; i++) {
      double square = 0;
      for (size_t k = 0; k < d; k++) {
        const double v = (double)y[(begin + i) * d + k] - mean[k];
        centred[i * d + k] = NF_R(v);
        square += v * v;
      }
      *fourth += square * square;
    }
    nf_gemm(true, false, d, d, count, centred, d, centred, d, false, product, d);
    for (size_t k = 0; k < d * d; k++) s[k] += (double)product[k] / (double)n;
  }
}

/* S becomes S_λ; returns λ. */
static double shrink(size_t n, size_t d, double fourth, double *s) {
  double mu = 0, norm = 0;
  for (size_t k = 0; k < d; k++) mu += s[k * d + k] / (double)d;
  for (size_t k = 0; k < d * d; k++) norm += s[k] * s[k];
  /* Σ ‖vᵢvᵢᵀ - S‖² = Σ ‖vᵢ‖⁴ - n‖S‖², since the vᵢvᵢᵀ have the mean S */
  const double delta = norm - (double)d * mu * mu;
  const double beta = (fourth / (double)n - norm) / (double)n;
  const double lambda = beta < delta ? beta / delta : 1;
  for (size_t k = 0; k < d * d; k++) s[k] *= 1 - lambda;
  for (size_t k = 0; k < d; k++) s[k * d + k] += lambda * mu;
  return lambda;
}

static int whiten(size_t d, double *s, double *w) {
  memset(w, 0, d * d * sizeof *w);
  for (size_t k = 0; k < d; k++) {
    double *s_k = s + k * d, *w_k = w + k * d;
    if (!(s_k[k] > 0) || !isfinite(s_k[k])) return NF_ESINGULAR;
    const double scale = 1 / sqrt(s_k[k]);
    w_k[k] = 1;
    for (size_t j = k; j < d; j++) s_k[j] *= scale;
    for (size_t j = 0; j <= k; j++) w_k[j] *= scale;
    for (size_t i = k + 1; i < d; i++) {
      const double factor = s_k[i]; /* the entry (i, k), by symmetry */
      for (size_t j = i; j < d; j++) s[i * d + j] -= factor * s_k[j];
      for (size_t j = 0; j <= k; j++) w[i * d + j] -= factor * w_k[j];
    }
  }
  return NF_OK;
}

static int fit(size_t n, size_t d, const nf_real *y, nf_real *weight, nf_real *bias,
               double *shrinkage, double *mean, nf_real *centred) {
  double *s = mean + d, *w = s + d * d, fourth;
  int status = find_mean(n, d, y, mean);
  if (status != NF_OK) return status;
  find_covariance(n, d, y, mean, centred, centred + nf_min_size(n, BLOCK) * d, s, &fourth);
  const double lambda = shrink(n, d, fourth, s);
  status = whiten(d, s, w);
  if (status != NF_OK) return status;
  for (size_t i = 0; i < d; i++) {
    double shift = 0;
    for (size_t j = 0; j <= i; j++) shift -= w[i * d + j] * mean[j];
    bias[i] = NF_R(shift);
  }
  for (size_t k = 0; k < d * d; k++) weight[k] = NF_R(w[k]);
  if (shrinkage != NULL) *shrinkage = lambda;
  return NF_OK;
}

int nf_gaussian_fit(size_t n, size_t d, const nf_real *y, nf_real *weight, nf_real *bias,
                    double *shrinkage, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (n < 3 || d == 0) /* two samples give λ = 0 */
    return nf_fail(e, NF_EINVAL,
                   "Gaussian fit: %zu samples of %zu values; at least 3 of at least 1 are needed",
                   n, d);
  int status = NF_ENOMEM;
  if (d < (size_t)1 << 28) { /* sizes below do not overflow */
    double *mean = malloc((d + 2 * d * d) * sizeof *mean);
    nf_real *centred = malloc((nf_min_size(n, BLOCK) * d + d * d) * sizeof *centred);
    if (mean != NULL && centred != NULL)
      status = fit(n, d, y, weight, bias, shrinkage, mean, centred);
    free(mean);
    free(centred);
  }
  if (status == NF_OK) return NF_OK;
  return nf_fail(e, status, "Gaussian fit: %s", nf_status_text(status));
}
