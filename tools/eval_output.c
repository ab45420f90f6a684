/* What nf eval prints, as lines or into a JSON object, and its CSV: a line a sample, in the order
 * of the data, whatever the order of evaluation. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "io/file.h"

json_t *cli_eval_inner(const cli_results *r, const char *key) {
  return r->json != NULL ? cli_json_object(r->json, key) : NULL;
}

static void print_head(const cli_data *data, const char *path, size_t held, const cli_results *r) {
  const char *plural = r->n == 1 ? "" : "s";
  if (r->json != NULL) {
    cli_json_text(r->json, "model", path);
    cli_json_text(r->json, "data", data->spec);
    cli_json_whole(r->json, "n", r->n);
    cli_json_set(r->json, "held_out", json_boolean(held > 0));
    cli_json_set(r->json, "other_values", json_boolean(r->others));
    cli_json_text(r->json, "unit", cli_unit(data->bins));
  } else if (held > 0) {
    printf("%s on %s: %zu sample%s that training held out\n", path, data->spec, r->n, plural);
  } else {
    printf("%s on %s: %zu sample%s%s\n", path, data->spec, r->n, plural,
           r->others ? ", not those of its training: their values differ" : "");
  }
}

static void print_classes(const cli_data *data, const cli_results *r) {
  double *value = r->unlabelled;
  for (size_t i = 0; i < r->n; i++) value[i] = cli_in_unit(-value[i], data->shape, data->bins);
  json_t *json = cli_eval_inner(r, "unlabelled");
  cli_print_mean(json, "without the label", r->n, value);
  const double part = (double)r->correct / (double)r->n;
  if (json == NULL)
    printf("%-20s %.4f: the label is the most probable of %zu of %zu\n", "accuracy", part,
           r->correct, r->n);
  else
    cli_json_real(r->json, "accuracy", part);
}

static void print_solver(const nf_model *m, const cli_results *r) {
  json_t *json = cli_eval_inner(r, "solver");
  if (json == NULL) {
    printf("%-20s %.2g nats between %zu and %zu steps\n", "solver", r->solver, m->steps,
           2 * m->steps);
  } else {
    cli_json_whole(json, "steps", m->steps);
    cli_json_real(json, "difference", r->solver);
    cli_json_real(json, "tolerance", CLI_SOLVER_TOLERANCE);
  }
}

void cli_eval_print(const cli_data *data, const char *path, const nf_model *m, uint64_t draws,
                    size_t held, cli_results *r) {
  char name[48];
  double *value = r->first_draw;
  print_head(data, path, held, r);
  for (size_t i = 0; i < r->n; i++) value[i] = cli_in_unit(-value[i], data->shape, data->bins);
  cli_print_mean(r->json, cli_unit(data->bins), r->n, value);
  if (draws > 1) {
    for (size_t i = 0; i < r->n; i++) value[i] = cli_in_unit(-r->log_p[i], data->shape, data->bins);
    snprintf(name, sizeof name, "%s, %d draws", cli_unit(data->bins), (int)draws);
    json_t *json = cli_eval_inner(r, "importance");
    if (json != NULL) cli_json_whole(json, "draws", draws);
    cli_print_mean(json, name, r->n, value);
  }
  if (r->unlabelled != NULL) print_classes(data, r);
  if (!isnan(r->solver)) print_solver(m, r);
  if (data->toy == NULL) return;
  for (size_t i = 0; i < r->n; i++) {
    const nf_real *p = data->point + 2 * (data->first + r->index[i]);
    value[i] = data->toy->log_density((double[2]){(double)p[0], (double)p[1]}) - r->log_p[i];
  }
  cli_print_mean(cli_eval_inner(r, "kl"), "KL(data|flow)", r->n, value);
}

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
