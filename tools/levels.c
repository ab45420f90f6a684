/* nf levels: what each level of a multi-scale flow (Dinh et al. 2017, 3.6) carries. Of the latent
 * z = (z_1, …, z_L), where z_l left the flow at level l, one part at a time is drawn anew, and last
 * z_L is kept alone:
 *
 *   x_l    = f⁻¹(z_1, …, T·ε, …, z_L)   ε ~ N(0, I) instead of z_l
 *   x_keep = f⁻¹(0, …, 0, z_L) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "flow/flow.h"

static const cli_command command = {
    "levels", "MODEL",
    "What each level of a multi-scale flow carries. Draws a row for each image: the image;\n"
    "with the latent of level 1 drawn anew, which left the flow first; with that of level 2; and\n"
    "so on; and last what the latent of the last level gives alone, the others at 0, their mean.\n"
    "A CSV or an NPY has them in this order. A row that is not finite is left out and named, and\n"
    "the exit status is then 1.",
    "  nf levels digits.safetensors --data digits --n 8 --zoom 4 --out levels.png"};

typedef struct {
  cli_data_choice data;
  cli_output out;
  uint64_t n, seed, threads;
  double temperature;
} settings;

/* Values begin … end of z are those of level l = 1 … L: each level leaves half of what is left, and
 * the last has the rest, which stands first. */
typedef struct {
  size_t begin, end;
} part;
static part level_part(size_t d, size_t l, size_t levels) {
  return (part){l < levels ? d >> l : 0, d >> (l - 1)};
}

/* The latents of one row after its image: z with one level drawn anew, L times; the last alone. */
static void fill_row(const settings *s, size_t d, size_t levels, uint64_t number, const nf_real *z,
                     nf_real *row) {
  for (size_t l = 1; l <= levels; l++, row += d) {
    const part p = level_part(d, l, levels);
    memcpy(row, z, d * sizeof *row);
    nf_random_normals(s->seed, number, p.begin, 1, p.end - p.begin, row + p.begin);
    for (size_t k = p.begin; k < p.end; k++) row[k] *= (nf_real)s->temperature;
  }
  const part last = level_part(d, levels, levels);
  memset(row, 0, d * sizeof *row);
  memcpy(row, z, last.end * sizeof *row);
}

/* rows: n rows of 2 + L samples. A row that is not finite is named and left out; *kept counts the
 * others. */
static int fill(const settings *s, const cli_data *data, nf_flow *flow, nf_batch *z,
                nf_batch *drawn, nf_real *rows, size_t *kept, nf_error *e) {
  const size_t d = nf_flow_dim(flow), levels = nf_flow_model(flow)->levels, row = (2 + levels) * d;
  nf_real *to = rows;
  cli_batch_gather(data, z->n, NULL, z);
  nf_flow_forward_batch(flow, z, z->data, NULL, e);
  for (size_t i = 0; i < z->n && e->status == NF_OK; i++) {
    nf_error own = {0};
    cli_data_gather(data, 1, &i, to);
    fill_row(s, d, levels, i, nf_batch_sample(z, i), drawn->data);
    for (size_t k = 0; z->y != NULL && k < drawn->n; k++)
      cli_batch_set_label(k, cli_data_label(data, i), drawn);
    nf_flow_inverse_batch(flow, drawn, to + d, NULL, &own);
    if (own.status == NF_OK)
      to += row;
    else if (own.status == NF_ENONFINITE || own.status == NF_EDOM)
      cli_note("%s: row %zu: %s; left out", s->data.spec, i + 1, own.message);
    else
      nf_fail(e, own.status, "%s", own.message);
  }
  *kept = (size_t)(to - rows) / row;
  return e->status;
}

/* Returns an exit status. */
static int run(const settings *s, const cli_data *data, const nf_checkpoint *c) {
  const size_t n = s->n < data->n ? (size_t)s->n : data->n, d = nf_flow_dim(c->flow);
  const size_t columns = (size_t)s->out.columns;
  size_t kept = 0;
  nf_error e = {0}, own = {0};
  if (cli_check_grid(&s->out, c, n * columns, &e) != NF_OK) return cli_error("%s", e.message);
  nf_batch z = {0}, drawn = {0};
  nf_real *rows = malloc(n * columns * d * sizeof *rows);
  if (rows == NULL) nf_fail(&own, NF_ENOMEM, "out of memory");
  if (own.status == NF_OK && cli_batch_new(c->flow, n, &z, &own) == NF_OK &&
      cli_batch_new(c->flow, columns - 1, &drawn, &own) == NF_OK)
    fill(s, data, c->flow, &z, &drawn, rows, &kept, &own);
  if (own.status != NF_OK)
    nf_fail(&e, own.status, "%s: %s", s->data.spec, own.message);
  else if (kept > 0)
    cli_write_samples(&s->out, c, kept * columns, rows, &e);
  cli_batch_free(&z);
  cli_batch_free(&drawn);
  free(rows);
  if (e.status != NF_OK) return cli_error("%s", e.message);
  return kept == n ? CLI_OK : CLI_FAILED;
}

static bool has_levels(const nf_checkpoint *c, const char *path) {
  const size_t levels = nf_flow_model(c->flow)->levels;
  if (levels < 2)
    cli_error("%s: it has one level; a flow of images has more, as by nf train --levels 2", path);
  return levels >= 2;
}

int cli_levels(int argc, char **argv) {
  const char *path = NULL;
  settings s = {.out = CLI_OUTPUT, .n = 8, .seed = 1, .temperature = 1};
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&s.data),
      CLI_OPTION_LABEL(&s.data),
      {"n", "N", CLI_WHOLE, &s.n, "how many images, from the first of the range", 1, 1e6, NULL},
      CLI_OPTIONS_OUTPUT(&s.out, "the rows, as .png, .csv or .npy"),
      {"temperature", "T", CLI_REAL, &s.temperature, "scale of what is drawn", 0, 100, NULL},
      CLI_OPTION_SEED(&s.seed),
      CLI_OPTION_THREADS(&s.threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  if (s.out.path == NULL) return cli_error("--out is missing, as in --out levels.png");
  if (!cli_output_is_free("--out", s.out.path, path, s.data.spec)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  cli_data data = {0};
  if (!cli_load_model(path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  if (has_levels(&c, path) && cli_output_format(&s.out, nf_flow_model(c.flow)->bins) &&
      cli_load_data(&c, path, &s.data, &data)) {
    s.out.columns = 2 + nf_flow_model(c.flow)->levels;
    result = run(&s, &data, &c);
  }
  cli_data_free(&data);
  nf_checkpoint_free(&c);
  return result;
}
