/* The CSV of nf eval: a line a sample, in the order of the data, whatever the order of evaluation.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "io/file.h"

typedef struct {
  size_t index;
  double log_p;
} row;

static int by_index(const void *a, const void *b) {
  const size_t i = ((const row *)a)->index, j = ((const row *)b)->index;
  return (i > j) - (i < j);
}

int cli_write_log_p(const char *path, const cli_data *data, size_t n, const size_t *index,
                    const double *log_p, nf_error *e) {
  nf_new_file f;
  row *line = malloc(n * sizeof *line);
  if (line == NULL) return nf_fail(e, NF_ENOMEM, "out of memory");
  for (size_t i = 0; i < n; i++) line[i] = (row){data->first + index[i], log_p[i]};
  qsort(line, n, sizeof *line, by_index);
  int status = nf_new_file_open(&f, path, e);
  if (status == NF_OK) {
    fprintf(f.file, "index,log_p,%s\n", data->bins > 0 ? "bits_per_dim" : "nats");
    for (size_t i = 0; i < n; i++)
      fprintf(f.file, "%zu,%.9g,%.9g\n", line[i].index, line[i].log_p,
              cli_in_unit(-line[i].log_p, data->shape, data->bins));
    status = nf_new_file_close(&f, status, e);
  }
  free(line);
  return status;
}
