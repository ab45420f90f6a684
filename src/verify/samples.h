/* Do samples come from the density? A sample is x = f⁻¹(T·z) with z ~ N(0, I); so whatever a flow
 * has learned, for w = f(x)/T
 *
 *   Φ(w_k) is uniform on (0, 1), for each dimension k        w_k ~ N(0, 1)
 *   F(‖w‖²) is uniform on (0, 1), F the cdf of χ²_D          w ~ N(0, I)
 *
 * The second sees what no single dimension shows, such as latents that depend on each other. Each
 * of these D + 1 claims is put to Pearson's χ² test in 32 equal cells, with GSL's cdfs. */
#ifndef NF_VERIFY_SAMPLES_H
#define NF_VERIFY_SAMPLES_H

#include "flow/flow.h"

/* P(χ² ≥ Σ (count_i - expected_i)²/expected_i), χ² of cells - 1 degrees of freedom. Each expected
 * count should be 5 or more. */
double nf_verify_counts(size_t cells, const double *count, const double *expected);

/* *p: the least of the D + 1 p-values, times D + 1 (Bonferroni). Samples of this flow at this
 * temperature have p < α with probability at most α: demanding p ≥ α is a test whose false-alarm
 * rate is α. *where: the dimension with that least value, or D for the norm. x: n samples, at least
 * 160. errors  as nf_flow_forward; NF_EINVAL (n, temperature) */
int nf_verify_samples(nf_flow *flow, const nf_batch *x, double temperature, double *p,
                      size_t *where);

#endif
