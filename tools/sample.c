/* nf sample: x = f⁻¹(T·z), z ~ N(0, I); and the files that samples are written to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "io/file.h"
#include "io/png.h"

static int write_points(const char *path, size_t d, size_t n, const nf_real *x, nf_error *e) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, e);
  if (status != NF_OK) return status;
  for (size_t k = 0; k < d; k++) fprintf(f.file, "%sx_%zu", k > 0 ? "," : "", k + 1);
  fputc('\n', f.file);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < d; k++)
      fprintf(f.file, "%s%.9g", k > 0 ? "," : "", (double)x[i * d + k]);
    fputc('\n', f.file);
  }
  if (ferror(f.file)) status = nf_fail(e, NF_EIO, "%s: cannot write: %s", path, strerror(errno));
  return nf_new_file_close(&f, status, e);
}

int cli_write_samples(const char *path, const nf_model *m, size_t n, const nf_real *x,
                      size_t columns, nf_error *e) {
  if (m->bins == 0) return write_points(path, nf_shape_size(m->shape), n, x, e);
  nf_images images;
  nf_error own = {0};
  if (nf_images_from_values(n, m->shape, x, m->bins, &images, &own) != NF_OK)
    return nf_fail(e, own.status, "%s: %s", path, own.message);
  for (size_t square = 1; columns == 0; square++)
    if (square * square >= n) columns = square;
  const int status = nf_png_write_grid(path, &images, columns, e);
  nf_images_free(&images);
  return status;
}

static const cli_command command = {
    "sample", "MODEL",
    "Draws samples: Gaussian noise through the inverse of the flow. Images become one PNG grid,\n"
    "points a CSV. A temperature below 1 stays closer to what is typical. Sample i of a seed is\n"
    "the same however many are drawn.",
    "  nf sample digits.safetensors --n 64 --out digits.png\n"
    "  nf sample moons.safetensors --n 1000 --seed 7 --out moons.csv"};

int cli_sample(int argc, char **argv) {
  const char *path = NULL, *out = NULL;
  uint64_t n = 64, columns = 0, seed = 1, threads = 0;
  double temperature = 1;
  const cli_option option[] = {
      {"out", "FILE", CLI_TEXT, &out, "the PNG, or for points the CSV", 0, 0, NULL},
      {"n", "N", CLI_WHOLE, &n, "how many", 1, 1e6, NULL},
      {"columns", "N", CLI_WHOLE, &columns, "of the grid [as square as can be]", 1, 1e6, NULL},
      {"temperature", "T", CLI_REAL, &temperature, "scale of the noise", 0, 100, NULL},
      CLI_OPTION_SEED(&seed),
      CLI_OPTION_THREADS(&threads),
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  if (out == NULL) return cli_error("--out is missing, as in --out samples.png");
  if (!cli_output_is_free("--out", out, path, NULL)) return CLI_BAD_INPUT;
  nf_checkpoint c = {0};
  nf_error e = {0}, own = {0};
  if (!cli_load_model(path, threads, &c)) return CLI_BAD_INPUT;
  nf_real *x = malloc(n * nf_flow_dim(c.flow) * sizeof *x);
  if (x == NULL)
    nf_fail(&e, NF_ENOMEM, "%s: no memory for %zu samples", path, (size_t)n);
  else if (nf_flow_sample(c.flow, n, seed, temperature, x, &own) != NF_OK)
    nf_fail(&e, own.status, "%s: %s", path, own.message);
  else
    cli_write_samples(out, nf_flow_model(c.flow), n, x, columns, &e);
  free(x);
  nf_checkpoint_free(&c);
  return e.status == NF_OK ? CLI_OK : cli_error("%s", e.message);
}
