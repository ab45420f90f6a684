/* The page's calls of the library: flows are made, evaluated and walked through layer by layer.
 * Arrays are nf_real (n, D) in the module's memory, log-dets and log-densities double, as in
 * nf/flow.h.
 *
 * A call that fails gives NULL, or a status other than 0; page_error has the library's line. */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "flow/flow.h"

nf_error page_e;

static nf_error *fresh(void) {
  page_e = (nf_error){0};
  return &page_e;
}

const char *EXPORT(page_error)(void) { return page_e.message; }
void *EXPORT(page_alloc)(size_t bytes) { return malloc(bytes); }
void EXPORT(page_free)(void *p) { free(p); }
const char *EXPORT(page_version)(void) { return nf_version(); }

/* --- flows ----------------------------------------------------------------------------------- */

/* --model and the scale of a coupling by their place in the list; NULL at the end */
const char *EXPORT(page_family)(int i) { return nf_family_names[i]; }

const char *EXPORT(page_scale)(int i) { return nf_scale_names[i]; }

/* On points (1, 1, d), or on pixels 0 … bins-1 when bins > 0. scale < 0: the family's own. */
nf_flow *EXPORT(page_model)(int family, int h, int w, int c, int levels, int steps, int width,
                            int scale, int bins, double alpha, unsigned seed) {
  nf_model m = nf_model_default((nf_family)family, nf_image((size_t)h, (size_t)w, (size_t)c));
  m.levels = (size_t)levels, m.steps = (size_t)steps, m.width = (size_t)width;
  if (scale >= 0) m.scale = (nf_scale)scale;
  m.bins = (unsigned)bins, m.alpha = alpha, m.seed = seed;
  return nf_flow_from_model(&m, fresh());
}

/* z = A x + b (NOTES (2.1)): parameters A, row by row, then b */
nf_flow *EXPORT(page_affine)(int d) {
  return nf_flow_new(nf_affine_new(nf_point((size_t)d), fresh()), 0, &page_e);
}

/* z₁ = x₁, z₂ = x₂·exp(s(x₁)) + t(x₁) with linear s and t (NOTES (3.5)): parameters s', t', s(0),
 * t(0) */
nf_flow *EXPORT(page_coupling)(void) {
  const nf_shape shape = nf_point(2);
  nf_net *net = nf_linear_new(nf_coupling_net_in(shape, NF_CHANNEL),
                              nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), fresh());
  return nf_flow_new(nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &page_e), 0, &page_e);
}

void EXPORT(page_flow_free)(nf_flow *f) { nf_flow_free(f); }

int EXPORT(page_dim)(nf_flow *f) { return (int)f->d; }
int EXPORT(page_n_param)(nf_flow *f) { return (int)f->n_param; }
nf_real *EXPORT(page_param)(nf_flow *f) { return f->param; }
int EXPORT(page_n_constant)(nf_flow *f) { return (int)f->n_constant; }
nf_real *EXPORT(page_constant)(nf_flow *f) { return f->constant; }

/* The tensor of a path such as "3.net.conv1.weight", as checkpoints name it; NULL: there is none */
typedef struct {
  const char *path;
  nf_tensor *tensor;
} search;
static int visit(void *user, const char *path, nf_tensor *t) {
  search *s = user;
  if (strcmp(path, s->path) == 0) s->tensor = t;
  return NF_OK;
}
nf_tensor *EXPORT(page_tensor)(nf_flow *f, const char *path) {
  search s = {path, NULL};
  nf_flow_tensors(f, visit, &s);
  return s.tensor;
}
nf_real *EXPORT(page_tensor_data)(nf_tensor *t) { return t->data; }
int EXPORT(page_tensor_size)(nf_tensor *t) { return (int)nf_tensor_size(t); }

/* --- evaluation ------------------------------------------------------------------------------ */

int EXPORT(page_init)(nf_flow *f, int n, const nf_real *x) {
  return nf_flow_init_from_data(f, (size_t)n, x, fresh());
}
/* draw: of the dequantisation noise; nf eval takes draw 2 */
int EXPORT(page_log_prob)(nf_flow *f, int n, const nf_real *x, int draw, double *log_p) {
  nf_batch batch = nf_flow_batch(f, (size_t)n, x);
  batch.draw = (uint64_t)draw;
  return nf_flow_log_prob_batch(f, &batch, log_p, fresh());
}
int EXPORT(page_forward)(nf_flow *f, int n, const nf_real *x, nf_real *z, double *log_det) {
  return nf_flow_forward(f, (size_t)n, x, z, log_det, fresh());
}
int EXPORT(page_inverse)(nf_flow *f, int n, const nf_real *z, nf_real *x, double *log_det) {
  return nf_flow_inverse(f, (size_t)n, z, x, log_det, fresh());
}
int EXPORT(page_sample)(nf_flow *f, int n, unsigned seed, double temperature, nf_real *x) {
  return nf_flow_sample(f, (size_t)n, seed, temperature, x, fresh());
}

/* --- layer by layer (NOTES (1.12)) ----------------------------------------------------------- */

int EXPORT(page_layers)(nf_flow *f) { return (int)f->bijector->n_child; }
const char *EXPORT(page_layer)(nf_flow *f, int k) { return f->bijector->child[k]->type->name; }

/* x_k = f_k(x_{k-1}) in place, log_det += log|det J_k(x_{k-1})|; the parameters are prepared by the
 * last evaluation. */
int EXPORT(page_through)(nf_flow *f, int k, int n, nf_real *x, double *log_det) {
  const nf_bijector *b = f->bijector->child[k];
  nf_work work = {0};
  nf_batch batch = {.n = (size_t)n, .shape = b->in, .data = x};
  const int status = nf_bijector_forward(b, &batch, log_det, &work);
  nf_work_free(&work);
  return status == NF_OK ? NF_OK
                         : nf_fail(fresh(), status, "layer %d (%s): %s", k, b->type->name,
                                   nf_status_text(status));
}
