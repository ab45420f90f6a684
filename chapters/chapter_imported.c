#include "chapter_imported.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "chapter.h"
#include "flow/flow.h"

enum { D = UVA_D };
static const char table_path[] = "data/uva/mnist_flow.table";
static const char weights_path[] = "data/uva/mnist_flow.safetensors";

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

void imported_load(imported *m) {
  const char *where = access(table_path, R_OK) == 0 ? "" : "; run this in the project's root";
  m->from_pixels = nf_import(table_path, weights_path, &e);
  if (m->from_pixels == NULL) chapter_fail("%s%s", e.message, where);
  nf_safetensors_read(weights_path, &m->state_dict, &e);
  nf_model model = *nf_flow_model(m->from_pixels);
  model.bins = 0; /* the couplings alone */
  nf_bijector *chain = nf_chain_new(model.shape, &e);
  nf_chain_add(chain, nf_logit_new(model.shape, model.alpha, &e), &e);
  nf_chain_add(chain, nf_bijector_from_model(&model, &e), &e);
  m->from_values = nf_flow_new(chain, 0, &e);
  chapter_need(&e);
  memcpy(nf_flow_param(m->from_values), nf_flow_param(m->from_pixels),
         nf_flow_n_param(m->from_pixels) * sizeof(double));
}

void imported_values(const unsigned char pixel[D], double x[D]) {
  for (size_t p = 0; p < D; p++) x[p] = (pixel[p] + 0.5) / 256;
}

void imported_by_layers(const imported *m, const unsigned char pixel[D], uva_answer *a) {
  nf_batch x = {.n = 1, .shape = nf_flow_shape(m->from_pixels), .data = a->z};
  nf_work work = {0};
  double values[D];
  imported_values(pixel, values);
  memcpy(a->z, values, sizeof values);
  a->part[0] = -D * log(256);
  for (size_t i = 1; i < UVA_STAGES - 1; i++) { /* behind the dequantisation */
    const nf_bijector *layer = m->from_pixels->bijector->child[i];
    a->part[i] = 0;
    chapter_need_ok(nf_layer_forward(layer, &x, &a->part[i], &work), layer->type->name);
  }
  nf_work_free(&work);
  a->part[UVA_STAGES - 1] = chapter_log_normal(D, a->z);
  nf_flow_log_prob(m->from_values, 1, values, &a->log_p, &e);
  chapter_need(&e);
  a->log_p += a->part[0];
}

double imported_round_trip(const imported *m, const unsigned char pixel[D]) {
  double x[D], z[D], worst = 0;
  imported_values(pixel, x);
  nf_flow_forward(m->from_values, 1, x, z, NULL, &e);
  nf_flow_inverse(m->from_values, 1, z, z, NULL, &e);
  chapter_need(&e);
  for (size_t p = 0; p < D; p++) worst = fmax(worst, 256 * fabs(z[p] - x[p]));
  return worst;
}
