/* nf sample: x = f⁻¹(T·z), z ~ N(0, I); and the files that samples are written to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "flow/flow.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/png.h"

const char *const cli_formats[] = {"png", "csv", "npy", NULL};

bool cli_output_format(cli_output *out, unsigned bins) {
  const char *slash = strrchr(out->path, '/'), *name = slash != NULL ? slash : out->path;
  const char *dot = strrchr(name, '.');
  if (out->format < 0 && dot == NULL) out->format = bins > 0 ? CLI_PNG : CLI_CSV;
  for (int i = 0; out->format < 0 && cli_formats[i] != NULL; i++)
    if (strcasecmp(dot + 1, cli_formats[i]) == 0) out->format = i;
  if (out->format < 0)
    cli_error("--out %s: its ending is none of .png, .csv and .npy; give --format", out->path);
  else if (out->format == CLI_PNG && bins == 0)
    cli_error("--out %s: points are no image; write them as .csv or .npy", out->path);
  else if (out->format != CLI_PNG && (out->zoom > 1 || out->columns > 0))
    cli_error("--%s: it is for a PNG alone, and --out %s is none",
              out->zoom > 1 ? "zoom" : "columns", out->path);
  else
    return true;
  return false;
}

/* A header line, of names with commas between; those with blanks in quotes. */
static void write_names(FILE *f, const char *names) {
  for (size_t k = 0;; k++) {
    int length;
    const char *name = cli_column(names, k, &length);
    const char *quote = memchr(name, ' ', (size_t)length) != NULL ? "\"" : "";
    fprintf(f, "%s%.*s%s%c", quote, length, name, quote, name[length] != 0 ? ',' : '\n');
    if (name[length] == 0) return;
  }
}

static int write_csv(const char *path, const char *names, size_t d, size_t n, const nf_real *x,
                     nf_error *e) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, e);
  if (status != NF_OK) return status;
  if (names != NULL) write_names(f.file, names);
  for (size_t k = 0; names == NULL && k < d; k++)
    fprintf(f.file, "x_%zu%c", k + 1, k + 1 < d ? ',' : '\n');
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < d; k++)
      fprintf(f.file, "%.9g%c", (double)x[i * d + k], k + 1 < d ? ',' : '\n');
  return nf_new_file_close(&f, status, e);
}

/* The columns of a grid: as given, or as square as can be. */
static size_t grid_columns(const cli_output *out, size_t n) {
  size_t square = 1;
  while (square * square < n) square++;
  return out->columns > 0 ? (size_t)out->columns : square;
}

int cli_check_grid(const cli_output *out, const nf_checkpoint *c, size_t n, nf_error *e) {
  if (out->format != CLI_PNG) return NF_OK;
  return nf_png_check_grid(out->path, n, nf_flow_shape(c->flow), grid_columns(out, n),
                           (size_t)out->zoom, e);
}

static int write_png(const cli_output *out, const nf_model *m, size_t n, const nf_real *x,
                     nf_error *e) {
  nf_images images;
  nf_error own = {0};
  if (nf_images_from_values(n, m->shape, x, m->bins, &images, &own) != NF_OK)
    return nf_fail(e, own.status, "%s: %s", out->path, own.message);
  const int status =
      nf_png_write_grid(out->path, &images, grid_columns(out, n), (size_t)out->zoom, e);
  nf_images_free(&images);
  return status;
}

int cli_write_samples(const cli_output *out, const nf_checkpoint *c, size_t n, const nf_real *x,
                      nf_error *e) {
  const nf_model *m = nf_flow_model(c->flow);
  const size_t dim[] = {n, m->shape.h, m->shape.w, m->shape.c};
  const char *names = cli_column_names(c);
  if (out->format == CLI_PNG) return write_png(out, m, n, x, e);
  if (out->format == CLI_CSV) return write_csv(out->path, names, nf_shape_size(m->shape), n, x, e);
  return m->bins > 0 ? nf_npy_write(out->path, 4, dim, x, e)
                     : nf_npy_write(out->path, 2, (size_t[]){n, m->shape.c}, x, e);
}

static const cli_command command = {
    "sample", "MODEL",
    "Draws samples: Gaussian noise through the inverse of the flow. Images become one PNG grid,\n"
    "points a CSV, both on request an NPY or a CSV of values. A temperature below 1 stays\n"
    "closer to what is typical. Sample i of a seed is the same however many are drawn. Those that\n"
    "are not finite are left out and named, and the exit status is then 1.",
    "  nf sample digits.safetensors --n 64 --zoom 4 --out digits.png\n"
    "  nf sample moons.safetensors --n 1000 --seed 7 --out moons.csv"};

typedef struct {
  const char *path; /* of the model */
  cli_output out;
  const char *label; /* NULL: all in turn */
  uint64_t n, seed, threads;
  double temperature;
} settings;

enum { NAMED = 3 };

/* Draws the samples one by one, with the conditions in x, and keeps those that succeed at the front
 * of x. The first NAMED others are named, the rest counted. Returns how many succeed; after an
 * error 0. */
static size_t draw_finite(const settings *s, nf_flow *flow, nf_batch *x) {
  size_t kept = 0, lost = 0;
  nf_error why[NAMED] = {{0}};
  for (uint64_t i = 0; i < s->n; i++) {
    const nf_batch one = nf_batch_part(x, i, 1);
    if (nf_flow_sample_batch(flow, &one, s->seed, s->temperature, nf_batch_sample(x, kept),
                             lost < NAMED ? &why[lost] : NULL) == NF_OK)
      kept++;
    else
      lost++;
  }
  if (kept == 0) cli_error("%s: no sample is left: %s", s->path, why[0].message);
  for (size_t i = 0; kept > 0 && i < lost && i < NAMED; i++)
    cli_note("%s: %s; left out", s->path, why[i].message);
  if (kept > 0 && lost > NAMED) cli_note("%s: and %zu more", s->path, lost - NAMED);
  return kept;
}

/* Returns an exit status. */
static int run(settings *s, const nf_checkpoint *c, size_t label) {
  nf_error e = {0}, own = {0};
  size_t n = (size_t)s->n;
  if (s->out.columns == 0 && s->label == NULL) /* a class is a column */
    s->out.columns = nf_flow_condition(c->flow);
  if (cli_check_grid(&s->out, c, n, &e) != NF_OK) return cli_error("%s", e.message);
  nf_batch x;
  if (cli_batch_new(c->flow, n, &x, &e) != NF_OK) return cli_error("%s: %s", s->path, e.message);
  for (size_t i = 0; x.y != NULL && i < n; i++)
    cli_batch_set_label(i, s->label != NULL ? label : i % x.y_shape.c, &x);
  if (nf_flow_sample_batch(c->flow, &x, s->seed, s->temperature, x.data, &own) != NF_OK &&
      own.status != NF_ENONFINITE && own.status != NF_EDOM)
    nf_fail(&e, own.status, "%s: %s", s->path, own.message);
  else {
    if (own.status != NF_OK) n = draw_finite(s, c->flow, &x);
    if (n > 0) cli_write_samples(&s->out, c, n, x.data, &e);
  }
  cli_batch_free(&x);
  if (e.status != NF_OK) return cli_error("%s", e.message);
  return own.status == NF_OK ? CLI_OK : CLI_FAILED;
}

int cli_sample(int argc, char **argv) {
  settings s = {.out = CLI_OUTPUT, .n = 64, .seed = 1, .temperature = 1};
  const cli_option option[] = {
      CLI_OPTIONS_OUTPUT(&s.out, "samples, as .png, .csv or .npy"),
      {"n", "N", CLI_WHOLE, &s.n, "how many", 1, 1e6, NULL},
      {"columns", "N", CLI_WHOLE, &s.out.columns, "of the grid [as square as can be]", 1, 1e6,
       NULL},
      {"label", "K", CLI_TEXT, &s.label, "of a flow given labels [0, 1, … in turn]", 0, 0, NULL},
      {"temperature", "T", CLI_REAL, &s.temperature, "scale of the noise", 0, 100, NULL},
      CLI_OPTION_SEED(&s.seed),
      CLI_OPTION_THREADS(&s.threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &s.path);
  if (status != CLI_GO) return status;
  if (s.out.path == NULL) return cli_error("--out is missing, as in --out samples.png");
  if (!cli_output_is_free("--out", s.out.path, s.path, NULL)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  if (!cli_load_model(s.path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  size_t label = 0;
  if ((s.label == NULL || cli_read_label(&c, s.path, s.label, &label)) &&
      cli_output_format(&s.out, nf_flow_model(c.flow)->bins))
    result = run(&s, &c, label);
  nf_checkpoint_free(&c);
  return result;
}
