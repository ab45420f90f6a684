/* nf interpolate: a straight line between two latents, all scales of them,
 *
 *   x(t) = f⁻¹((1-t)·f(x₀) + t·f(x₁)),   t = 0 … 1
 *
 * and, of a flow given labels, between their y: x(t) = f⁻¹((1-t)·f(x₀, y₀) + t·f(x₁, y₁), y(t))
 * with y(t) = (1-t)·y₀ + t·y₁, for which f is invertible as for any y. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "flow/flow.h"

static const cli_command command = {
    "interpolate", "MODEL",
    "From one sample of the data to another, in equal steps through the latent of all scales: a\n"
    "strip of images, its ends the originals. Points become a CSV. A flow given labels goes from "
    "that\n"
    "of the first to that of the last, too, in the same steps between 1 of one class and 1 of the\n"
    "other; with --label all have one label, and the ends are the originals still.",
    "  nf interpolate digits.safetensors --data digits --from 3 --to 14 --n 9 --out strip.png"};

typedef struct {
  cli_data_choice data;
  cli_output out;
  uint64_t from, to, n, threads;
} settings;

/* n vectors of d values, the first and the last those in ends. */
static void line(size_t n, size_t d, const nf_real *ends, nf_real *to) {
  for (size_t i = 0; i < n; i++) {
    const double t = (double)i / (double)(n - 1);
    for (size_t k = 0; k < d; k++)
      to[i * d + k] = (nf_real)((1 - t) * (double)ends[k] + t * (double)ends[d + k]);
  }
}

static int interpolate(const settings *s, const cli_data *data, nf_flow *flow, nf_real *x,
                       nf_error *e) {
  const size_t n = (size_t)s->n;
  nf_batch ends = {0}, strip = {0};
  if (cli_batch_new(flow, 2, &ends, e) == NF_OK && cli_batch_new(flow, n, &strip, e) == NF_OK) {
    cli_batch_gather(data, 2, (size_t[]){(size_t)s->from, (size_t)s->to}, &ends);
    nf_flow_forward_batch(flow, &ends, ends.data, NULL, e);
    line(n, nf_flow_dim(flow), ends.data, strip.data);
    if (ends.y != NULL) line(n, nf_flow_condition(flow), ends.y, (nf_real *)(uintptr_t)strip.y);
    nf_flow_inverse_batch(flow, &strip, x, NULL, e);
  }
  cli_batch_free(&ends);
  cli_batch_free(&strip);
  return e->status;
}

static void run(const settings *s, const cli_data *data, const nf_checkpoint *c, nf_error *e) {
  nf_flow *flow = c->flow;
  if (s->from >= data->n || s->to >= data->n) {
    nf_fail(e, NF_EINVAL, "--from %d, --to %d: %s has samples 0 to %zu", (int)s->from, (int)s->to,
            s->data.spec, data->n - 1);
    return;
  }
  if (cli_check_grid(&s->out, c, s->n, e) != NF_OK) return;
  nf_error own = {0};
  nf_real *x = malloc(s->n * nf_flow_dim(flow) * sizeof *x);
  if (x == NULL)
    nf_fail(e, NF_ENOMEM, "%s: out of memory", s->data.spec);
  else if (interpolate(s, data, flow, x, &own) != NF_OK)
    nf_fail(e, own.status, "%s: %s", s->data.spec, own.message);
  else
    cli_write_samples(&s->out, c, s->n, x, e);
  free(x);
}

int cli_interpolate(int argc, char **argv) {
  const char *path = NULL;
  settings s = {.out = CLI_OUTPUT, .n = 8, .to = 1};
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&s.data),
      CLI_OPTION_LABEL(&s.data),
      {"from", "I", CLI_WHOLE, &s.from, "number of the first [0]", 0, 1e9, NULL},
      {"to", "J", CLI_WHOLE, &s.to, "number of the last", 0, 1e9, NULL},
      {"n", "N", CLI_WHOLE, &s.n, "length of the strip, with both", 2, 10000, NULL},
      CLI_OPTIONS_OUTPUT(&s.out, "the strip, as .png, .csv or .npy"),
      CLI_OPTION_THREADS(&s.threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  if (s.out.path == NULL) return cli_error("--out is missing, as in --out strip.png");
  if (!cli_output_is_free("--out", s.out.path, path, s.data.spec)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  cli_data data = {0};
  nf_error e = {0};
  if (!cli_load_model(path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  if (cli_output_format(&s.out, nf_flow_model(c.flow)->bins) &&
      cli_load_data(&c, path, &s.data, &data)) {
    s.out.columns = s.n;
    run(&s, &data, &c, &e);
    result = e.status == NF_OK ? CLI_OK : cli_error("%s", e.message);
  }
  cli_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
