/* nf reconstruct: x̂ = f⁻¹(f(x)), which is x, but for rounding. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "flow/flow.h"

static const cli_command command = {
    "reconstruct", "MODEL",
    "Sends data to the latent and back, and reports what differs: pixels that the arithmetic\n"
    "rounds over the edge of their bins, if any. Exit status 1 when a pixel is off by more than\n"
    "one bin, or a coordinate by more than 0.001 (of its standard deviation, for points from a\n"
    "file). --out draws originals above what came back.",
    "  nf reconstruct digits.safetensors --data digits --n 16 --out pairs.png"};

typedef struct {
  cli_data_choice data;
  cli_output out;
  uint64_t n, threads;
} settings;

/* Rows of originals alternate with rows of reconstructions; a short last row is filled with 0. */
enum { COLUMNS = 16 };
static size_t columns_of(size_t n) { return n < COLUMNS ? n : COLUMNS; }
static size_t rows_of(size_t n) { return (n + columns_of(n) - 1) / columns_of(n); }

static int draw_pairs(const cli_output *out, const nf_checkpoint *c, size_t n, const nf_real *x,
                      const nf_real *back, nf_error *e) {
  const size_t d = nf_flow_dim(c->flow), columns = columns_of(n), rows = rows_of(n);
  nf_real *pairs = calloc(2 * rows * columns * d, sizeof *pairs);
  if (pairs == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", out->path);
  for (size_t i = 0; i < n; i++) {
    nf_real *to = pairs + (2 * (i / columns) * columns + i % columns) * d;
    memcpy(to, x + i * d, d * sizeof *to);
    memcpy(to + columns * d, back + i * d, d * sizeof *to);
  }
  const int status = cli_write_samples(out, c, 2 * rows * columns, pairs, e);
  free(pairs);
  return status;
}

/* The unit of a difference in coordinate k: its standard deviation, if the flow has one. */
static double unit_of(const nf_flow *flow, size_t k) {
  const nf_bijector *first = flow->bijector->child[0];
  return nf_flow_model(flow)->standardise ? exp((double)first->tensor[1].data[k]) : 1;
}

/* Prints what differs, and returns an exit status. */
static int report(const nf_flow *flow, size_t n, const nf_real *x, const nf_real *back) {
  const nf_model *m = nf_flow_model(flow);
  const size_t size = n * flow->d;
  size_t differ = 0;
  double largest = 0;
  for (size_t i = 0; i < size; i++) {
    const double off = fabs((double)back[i] - (double)x[i]) / unit_of(flow, i % flow->d);
    differ += off > 0;
    if (off > largest) largest = off;
  }
  if (m->bins > 0)
    printf("%zu of %zu pixels differ, by at most %g bins\n", differ, size, largest);
  else
    printf("largest difference of a coordinate: %.3g%s\n", largest,
           m->standardise ? " of its standard deviation" : "");
  return largest <= (m->bins > 0 ? 1 : 1e-3) ? CLI_OK : CLI_FAILED;
}

static int run(const settings *s, const cli_data *data, const nf_checkpoint *c) {
  nf_flow *flow = c->flow;
  nf_error e = {0}, own = {0};
  const size_t n = s->n < data->n ? (size_t)s->n : data->n, d = nf_flow_dim(flow);
  cli_output pairs = s->out;
  pairs.columns = columns_of(n);
  if (pairs.path != NULL && cli_check_grid(&pairs, c, 2 * rows_of(n) * columns_of(n), &e) != NF_OK)
    return cli_error("%s", e.message);
  nf_batch x = {0}, z;
  nf_real *back = malloc(n * d * sizeof *back);
  if (back == NULL) nf_fail(&own, NF_ENOMEM, "out of memory");
  if (own.status == NF_OK && cli_batch_new(flow, n, &x, &own) == NF_OK) {
    cli_batch_gather(data, n, NULL, &x);
    nf_flow_forward_batch(flow, &x, back, NULL, &own);
    z = x;
    z.data = back;
    nf_flow_inverse_batch(flow, &z, back, NULL, &own);
  }
  if (own.status != NF_OK)
    nf_fail(&e, own.status, "%s: %s", s->data.spec, own.message);
  else if (s->out.path != NULL && s->out.format == CLI_PNG)
    draw_pairs(&pairs, c, n, x.data, back, &e);
  else if (s->out.path != NULL)
    cli_write_samples(&s->out, c, n, back, &e);
  const int result = e.status != NF_OK ? cli_error("%s", e.message) : report(flow, n, x.data, back);
  cli_batch_free(&x);
  free(back);
  return result;
}

int cli_reconstruct(int argc, char **argv) {
  const char *path = NULL;
  settings s = {.out = CLI_OUTPUT, .n = 64};
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&s.data),
      CLI_OPTION_LABEL(&s.data),
      {"n", "N", CLI_WHOLE, &s.n, "how many, from the first of the range", 1, 1e9, NULL},
      CLI_OPTIONS_OUTPUT(&s.out, "pairs as .png, or what came back as .csv or .npy"),
      CLI_OPTION_THREADS(&s.threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  if (!cli_output_is_free("--out", s.out.path, path, s.data.spec)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  cli_data data = {0};
  if (!cli_load_model(path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  if ((s.out.path == NULL || cli_output_format(&s.out, nf_flow_model(c.flow)->bins)) &&
      cli_load_data(&c, path, &s.data, &data))
    result = run(&s, &data, &c);
  cli_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
