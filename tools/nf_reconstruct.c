/* nf reconstruct: x̂ = f⁻¹(f(x)). A flow forgets nothing, so x̂ = x, but for rounding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nf_picture.h"

static const nf_command command = {
    "reconstruct", "MODEL",
    "Sends data to the latent and back, and says what is not the same: a pixel that the "
    "arithmetic\n"
    "rounds over the edge of its cell, if any. Exit status 1 when a pixel is off by more than one\n"
    "level, or a coordinate by more than 0.001. --out draws originals above what came back.",
    "  nf reconstruct digits.safetensors --data digits --n 16 --out pairs.png"};

typedef struct {
  const char *data, *range, *out;
  uint64_t n, threads;
} settings;

/* Rows of originals alternate with rows of what came back; a short last row is filled up. */
enum { COLUMNS = 16 };
static int draw_pairs(const char *path, const nf_model *m, size_t n, const nf_real *x,
                      const nf_real *back, char message[NF_MESSAGE]) {
  const size_t d = nf_shape_size(m->shape), columns = n < COLUMNS ? n : COLUMNS;
  const size_t rows = (n + columns - 1) / columns;
  nf_real *pairs = calloc(2 * rows * columns * d, sizeof *pairs);
  if (pairs == NULL) return nf_fail(NF_ENOMEM, message, "%s: out of memory", path);
  for (size_t i = 0; i < n; i++) {
    nf_real *to = pairs + (2 * (i / columns) * columns + i % columns) * d;
    memcpy(to, x + i * d, d * sizeof *to);
    memcpy(to + columns * d, back + i * d, d * sizeof *to);
  }
  const int status = nf_write_samples(path, m, 2 * rows * columns, pairs, columns, message);
  free(pairs);
  return status;
}

/* Prints what differs, and returns an exit status. */
static int report(const nf_model *m, size_t n, const nf_real *x, const nf_real *back) {
  const size_t size = n * nf_shape_size(m->shape);
  size_t differ = 0;
  double most = 0;
  for (size_t i = 0; i < size; i++) {
    const double off = fabs((double)back[i] - (double)x[i]);
    differ += off > 0;
    if (off > most) most = off;
  }
  if (m->pixel_levels > 0)
    printf("%zu of %zu pixels differ, the most by %g levels\n", differ, size, most);
  else
    printf("largest difference of a coordinate: %.3g\n", most);
  return most <= (m->pixel_levels > 0 ? 1 : 1e-3) ? NF_FINE : NF_FAILED;
}

static int run(const settings *s, const nf_data *data, const nf_checkpoint *c) {
  char message[NF_MESSAGE];
  const size_t n = s->n < data->n ? (size_t)s->n : data->n, d = c->flow->d;
  nf_batch x = {.n = n, .shape = data->shape, .data = malloc(n * d * sizeof(nf_real))};
  nf_batch z = {.n = n, .shape = c->flow->bijector->out, .data = malloc(n * d * sizeof(nf_real))};
  nf_real *back = malloc(n * d * sizeof *back);
  int status = x.data == NULL || z.data == NULL || back == NULL ? NF_ENOMEM : NF_OK;
  for (size_t i = 0; i < n && status == NF_OK; i++) nf_data_gather(data, 1, &i, x.data + i * d);
  if (status == NF_OK) status = nf_flow_forward(c->flow, &x, z.data, NULL);
  if (status == NF_OK) status = nf_flow_inverse(c->flow, &z, back, NULL);
  if (status != NF_OK)
    nf_fail(status, message, "%s: %s", s->data, nf_status_text(status));
  else if (s->out != NULL && data->levels > 0)
    status = draw_pairs(s->out, &c->model, n, x.data, back, message);
  else if (s->out != NULL)
    status = nf_write_samples(s->out, &c->model, n, back, 0, message);
  const int result =
      status != NF_OK ? nf_complain("%s", message) : report(&c->model, n, x.data, back);
  free(x.data);
  free(z.data);
  free(back);
  return result;
}

int nf_reconstruct(int argc, char **argv) {
  const char *path = NULL;
  settings s = {.n = 64, .threads = (uint64_t)nf_threads_default()};
  const nf_option option[] = {
      NF_OPTION_DATA(&s.data),
      NF_OPTION_RANGE(&s.range),
      {"n", "N", NF_WHOLE, &s.n, "how many, from the first of the range", 1, 1e9, NULL},
      {"out", "FILE", NF_TEXT, &s.out, "a PNG of pairs, or for points a CSV of what came back", 0,
       0, NULL},
      NF_OPTION_THREADS(&s.threads),
  };
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  nf_checkpoint c = {0};
  nf_data data = {0};
  if (!nf_load_model(path, s.threads, &c)) return NF_BAD_INPUT;
  int result = NF_BAD_INPUT;
  if (nf_load_data(&c, path, s.data, s.range, &data)) result = run(&s, &data, &c);
  nf_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
