/* nf interpolate: a straight line between two latents, all scales of them,
 *
 *   x(t) = f⁻¹((1-t)·f(x₀) + t·f(x₁)),   t = 0 … 1 */
#include <stdio.h>
#include <stdlib.h>

#include "nf_picture.h"

static const nf_command command = {
    "interpolate", "MODEL",
    "From one sample of the data to another, in equal steps through the whole latent: a strip of\n"
    "images, its ends the originals. Points become a CSV.",
    "  nf interpolate digits.safetensors --data digits --from 3 --to 14 --n 9 --out strip.png"};

typedef struct {
  const char *data, *range, *out;
  uint64_t from, to, n, threads;
} settings;

static int interpolate(const settings *s, const nf_data *data, nf_flow *flow, nf_real *x) {
  const size_t d = flow->d, n = (size_t)s->n;
  nf_batch ends = {.n = 2, .shape = data->shape, .data = malloc(2 * d * sizeof(nf_real))};
  nf_batch z = {.n = n, .shape = flow->bijector->out, .data = malloc(n * d * sizeof(nf_real))};
  int status = ends.data == NULL || z.data == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    nf_data_gather(data, 2, (size_t[]){(size_t)s->from, (size_t)s->to}, ends.data);
    status = nf_flow_forward(flow, &ends, ends.data, NULL);
  }
  for (size_t i = 0; i < n && status == NF_OK; i++) {
    const double t = (double)i / (double)(n - 1);
    for (size_t k = 0; k < d; k++)
      z.data[i * d + k] = NF_R((1 - t) * (double)ends.data[k] + t * (double)ends.data[d + k]);
  }
  if (status == NF_OK) status = nf_flow_inverse(flow, &z, x, NULL);
  free(ends.data);
  free(z.data);
  return status;
}

static int run(const settings *s, const nf_data *data, const nf_checkpoint *c,
               char message[NF_MESSAGE]) {
  if (s->from >= data->n || s->to >= data->n)
    return nf_fail(NF_EINVAL, message, "--from %d, --to %d: %s has samples 0 to %zu", (int)s->from,
                   (int)s->to, s->data, data->n - 1);
  nf_real *x = malloc(s->n * c->flow->d * sizeof *x);
  int status = x == NULL ? NF_ENOMEM : interpolate(s, data, c->flow, x);
  if (status != NF_OK)
    nf_fail(status, message, "%s: %s", s->data, nf_status_text(status));
  else
    status = nf_write_samples(s->out, &c->model, s->n, x, s->n, message);
  free(x);
  return status;
}

int nf_interpolate(int argc, char **argv) {
  const char *path = NULL;
  settings s = {.n = 8, .to = 1, .threads = (uint64_t)nf_threads_default()};
  const nf_option option[] = {
      NF_OPTION_DATA(&s.data),
      NF_OPTION_RANGE(&s.range),
      {"from", "I", NF_WHOLE, &s.from, "number of the first [0]", 0, 1e9, NULL},
      {"to", "J", NF_WHOLE, &s.to, "number of the last", 0, 1e9, NULL},
      {"n", "N", NF_WHOLE, &s.n, "length of the strip, with both", 2, 10000, NULL},
      {"out", "FILE", NF_TEXT, &s.out, "the PNG, or for points the CSV", 0, 0, NULL},
      NF_OPTION_THREADS(&s.threads),
  };
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  if (s.out == NULL) return nf_complain("--out is missing, as in --out strip.png");
  nf_checkpoint c = {0};
  nf_data data = {0};
  char message[NF_MESSAGE];
  if (!nf_load_model(path, s.threads, &c)) return NF_BAD_INPUT;
  int result = NF_BAD_INPUT;
  if (nf_load_data(&c, path, s.data, s.range, &data))
    result = run(&s, &data, &c, message) == NF_OK ? NF_FINE : nf_complain("%s", message);
  nf_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
