/* Results as one JSON object on standard output, or as lines for a reader. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "cli.h"

static bool lost; /* no memory for a value */

void cli_json_set(json_t *to, const char *key, json_t *value) {
  if (json_object_set_new(to, key, value) != 0) lost = true;
}

void cli_json_text(json_t *to, const char *key, const char *text) {
  json_t *value = text != NULL ? json_string(text) : NULL;
  cli_json_set(to, key, value != NULL ? value : json_null());
}

void cli_json_whole(json_t *to, const char *key, size_t value) {
  cli_json_set(to, key, json_integer((json_int_t)value));
}

void cli_json_real(json_t *to, const char *key, double value) {
  cli_json_set(to, key, isfinite(value) ? json_real(value) : json_null());
}

json_t *cli_json_object(json_t *to, const char *key) {
  json_t *inner = json_object();
  cli_json_set(to, key, inner);
  return inner;
}

int cli_json_print(json_t *object) {
  const bool ok = object != NULL && !lost &&
                  (json_dumpf(object, stdout, JSON_INDENT(2)) == 0 || ferror(stdout));
  json_decref(object);
  if (!ok) return cli_error("--json: out of memory");
  putchar('\n');
  return CLI_OK;
}

void cli_print_mean(json_t *to, const char *name, size_t n, const double *value) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < n; i++) mean += value[i] / (double)n;
  for (size_t i = 0; i < n; i++) square += (value[i] - mean) * (value[i] - mean);
  const double error = n > 1 ? sqrt(square / (double)(n - 1) / (double)n) : NAN;
  if (to != NULL) {
    cli_json_real(to, "mean", mean);
    cli_json_real(to, "standard_error", error);
    return;
  }
  printf("%-20s %.4f", name, mean);
  if (n > 1) printf(" ± %.4f", error);
  putchar('\n');
}
