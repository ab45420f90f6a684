/* nf sample: x = f⁻¹(T·z), z ~ N(0, I); and the files that samples are written to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/png.h"

const char *const cli_formats[] = {"png", "csv", "npy", NULL};

bool cli_find_format(const char *path, int given, unsigned bins, cli_format *out) {
  const char *name = strrchr(path, '/'), *dot = strrchr(name != NULL ? name : path, '.');
  int format = given;
  if (format < 0 && dot == NULL) format = bins > 0 ? CLI_PNG : CLI_CSV;
  for (int i = 0; format < 0 && cli_formats[i] != NULL; i++)
    if (strcasecmp(dot + 1, cli_formats[i]) == 0) format = i;
  if (format < 0)
    cli_error("--out %s: its ending is none of .png, .csv and .npy; give --format", path);
  else if (format == CLI_PNG && bins == 0)
    cli_error("--out %s: points are no image; write them as .csv or .npy", path);
  else
    return *out = (cli_format)format, true;
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

/* Of a grid: those given, or as square as can be. */
static size_t grid_columns(size_t n, size_t given) {
  size_t square = 1;
  while (square * square < n) square++;
  return given > 0 ? given : square;
}

int cli_check_grid(const char *path, cli_format format, const nf_checkpoint *c, size_t n,
                   size_t columns, nf_error *e) {
  const nf_shape shape = nf_flow_shape(c->flow);
  return format != CLI_PNG ? NF_OK : nf_png_check_grid(path, n, shape, grid_columns(n, columns), e);
}

static int write_png(const char *path, const nf_model *m, size_t n, const nf_real *x,
                     size_t columns, nf_error *e) {
  nf_images images;
  nf_error own = {0};
  if (nf_images_from_values(n, m->shape, x, m->bins, &images, &own) != NF_OK)
    return nf_fail(e, own.status, "%s: %s", path, own.message);
  const int status = nf_png_write_grid(path, &images, grid_columns(n, columns), e);
  nf_images_free(&images);
  return status;
}

int cli_write_samples(const char *path, cli_format format, const nf_checkpoint *c, size_t n,
                      const nf_real *x, size_t columns, nf_error *e) {
  const nf_model *m = nf_flow_model(c->flow);
  const size_t dim[] = {n, m->shape.h, m->shape.w, m->shape.c};
  const char *names = cli_column_names(c);
  if (format == CLI_PNG) return write_png(path, m, n, x, columns, e);
  if (format == CLI_CSV) return write_csv(path, names, nf_shape_size(m->shape), n, x, e);
  return m->bins > 0 ? nf_npy_write(path, 4, dim, x, e)
                     : nf_npy_write(path, 2, (size_t[]){n, m->shape.c}, x, e);
}

static const cli_command command = {
    "sample", "MODEL",
    "Draws samples: Gaussian noise through the inverse of the flow. Images become one PNG grid,\n"
    "points a CSV, both on request an NPY or a CSV of values. A temperature below 1 stays closer "
    "to what is typical. Sample i of a seed is\n"
    "the same however many are drawn. Those that are not finite are left out and named, and the "
    "exit\n"
    "status is then 1.",
    "  nf sample digits.safetensors --n 64 --out digits.png\n"
    "  nf sample moons.safetensors --n 1000 --seed 7 --out moons.csv"};

typedef struct {
  const char *path, *out; /* of the model, and of the samples */
  cli_format as;
  uint64_t n, columns, seed, threads;
  double temperature;
} settings;

enum { NAMED = 3 }; /* samples left out, before they are only counted */

/* One by one, those that succeed to the front of x. The others are named, unless there is nothing
 * but them. Returns how many succeed. */
static size_t draw_finite(const settings *s, nf_flow *flow, nf_real *x) {
  size_t kept = 0, lost = 0;
  nf_error why[NAMED] = {{0}};
  for (uint64_t i = 0; i < s->n; i++)
    if (nf_flow_sample_from(flow, i, 1, s->seed, s->temperature, x + kept * nf_flow_dim(flow),
                            lost < NAMED ? &why[lost] : NULL) == NF_OK)
      kept++;
    else
      lost++;
  if (kept == 0) cli_error("%s: no sample is left: %s", s->path, why[0].message);
  for (size_t i = 0; kept > 0 && i < lost && i < NAMED; i++)
    cli_note("%s: %s; left out", s->path, why[i].message);
  if (kept > 0 && lost > NAMED) cli_note("%s: and %zu more", s->path, lost - NAMED);
  return kept;
}

/* Returns an exit status. */
static int run(const settings *s, const nf_checkpoint *c) {
  nf_error e = {0}, own = {0};
  size_t n = (size_t)s->n;
  if (cli_check_grid(s->out, s->as, c, n, (size_t)s->columns, &e) != NF_OK)
    return cli_error("%s", e.message);
  nf_real *x = malloc(n * nf_flow_dim(c->flow) * sizeof *x);
  if (x == NULL)
    nf_fail(&e, NF_ENOMEM, "%s: no memory for %zu samples", s->path, n);
  else if (nf_flow_sample(c->flow, n, s->seed, s->temperature, x, &own) != NF_OK &&
           own.status != NF_ENONFINITE && own.status != NF_EDOM)
    nf_fail(&e, own.status, "%s: %s", s->path, own.message);
  else {
    if (own.status != NF_OK) n = draw_finite(s, c->flow, x);
    if (n > 0) cli_write_samples(s->out, s->as, c, n, x, (size_t)s->columns, &e);
  }
  free(x);
  if (e.status != NF_OK) return cli_error("%s", e.message);
  return own.status == NF_OK ? CLI_OK : CLI_FAILED;
}

int cli_sample(int argc, char **argv) {
  settings s = {.n = 64, .seed = 1, .temperature = 1};
  int format = -1;
  const cli_option option[] = {
      {"out", "FILE", CLI_TEXT, &s.out, "samples, as .png, .csv or .npy", 0, 0, NULL},
      CLI_OPTION_FORMAT(&format),
      {"n", "N", CLI_WHOLE, &s.n, "how many", 1, 1e6, NULL},
      {"columns", "N", CLI_WHOLE, &s.columns, "of the grid [as square as can be]", 1, 1e6, NULL},
      {"temperature", "T", CLI_REAL, &s.temperature, "scale of the noise", 0, 100, NULL},
      CLI_OPTION_SEED(&s.seed),
      CLI_OPTION_THREADS(&s.threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &s.path);
  if (status != CLI_GO) return status;
  if (s.out == NULL) return cli_error("--out is missing, as in --out samples.png");
  if (!cli_output_is_free("--out", s.out, s.path, NULL)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  if (!cli_load_model(s.path, s.threads, &c)) return CLI_BAD_INPUT;
  int result = CLI_BAD_INPUT;
  if (cli_find_format(s.out, format, nf_flow_model(c.flow)->bins, &s.as)) result = run(&s, &c);
  nf_checkpoint_free(&c);
  return result;
}
