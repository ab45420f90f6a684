/* What the commands load: a flow, and data that fit it, with the label that conditions it. What
 * must not be overwritten by an output, and the unit in which values are shown. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/number.h"
#include "io/file.h"

int cli_threads(uint64_t given) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return given > 0 ? (int)given : cores > 0 ? (int)cores : 1;
}

/* Whether the path is one of the files in "kind:FILE[,FILE]", or in the folder of "kind:FOLDER". */
static bool is_of_data(const char *path, const char *spec) {
  const char *slash = strrchr(path, '/'), *from = spec != NULL ? strchr(spec, ':') : NULL;
  for (int n; from != NULL && *from != 0; from += 1 + n) {
    char file[4096], inside[4400];
    n = (int)strcspn(from + 1, ",");
    snprintf(file, sizeof file, "%.*s", n, from + 1);
    snprintf(inside, sizeof inside, "%s/%s", file, slash != NULL ? slash + 1 : path);
    if (nf_is_same_file(path, file)) return true;
    if (access(path, F_OK) == 0 && nf_is_same_file(path, inside)) return true;
  }
  return false;
}

bool cli_output_is_free(const char *option, const char *path, const char *model, const char *spec) {
  const char *what = NULL;
  if (path == NULL) return true;
  if (model != NULL && nf_is_same_file(path, model)) what = "the model";
  if (is_of_data(path, spec)) what = "the data";
  if (what != NULL) cli_error("%s %s: it would replace %s; name another file", option, path, what);
  return what == NULL;
}

bool cli_load_model(const char *path, uint64_t threads, nf_checkpoint *out) {
  nf_error e = {0};
  nf_checkpoint_load(path, out, &e);
  const int n = cli_threads(threads);
  if (e.status == NF_OK && nf_flow_set_threads(out->flow, n, NULL) == NF_OK) return true;
  nf_fail(&e, NF_ENOMEM, "%s: no memory for %d threads", path, n);
  nf_checkpoint_free(out);
  cli_error("%s", e.message);
  return false;
}

bool cli_reduce(const nf_model *m, cli_data *d) {
  unsigned bits = 1;
  while (bits < 8 && m->bins > 1U << bits) bits++;
  if (d->bins != 256 || m->bins == 256 || m->bins != 1U << bits) return false;
  d->bins = m->bins;
  return nf_images_reduce(&d->images, bits, NULL) == NF_OK;
}

bool cli_read_label(const nf_checkpoint *c, const char *path, const char *text, size_t *label) {
  const size_t classes = nf_flow_condition(c->flow);
  uint64_t given;
  if (classes > 0 && nf_read_whole(text, classes - 1, &given)) {
    *label = (size_t)given;
    return true;
  }
  if (classes == 0)
    cli_error("--label: %s takes no label", path);
  else
    cli_error("--label %s: %s has the classes 0 to %zu", text, path, classes - 1);
  return false;
}

/* "images of 8×8×1 with 17 bins", "points of R^2" */
static const char *describe(nf_shape s, unsigned bins, char text[96]) {
  if (bins > 0)
    snprintf(text, 96, "images of %zu×%zu×%zu with %u bins", s.h, s.w, s.c, bins);
  else
    snprintf(text, 96, "points of R^%zu", nf_shape_size(s));
  return text;
}

bool cli_load_data(const nf_checkpoint *c, const char *path, const cli_data_choice *choice,
                   cli_data *out) {
  cli_data_choice wanted = *choice;
  const char *spec = choice->spec;
  nf_error e = {0};
  if (spec == NULL) {
    cli_error("--data is missing, as in --data digits");
    return false;
  }
  size_t label = 0;
  const bool has_label = choice->label != NULL;
  if (has_label && !cli_read_label(c, path, choice->label, &label)) return false;
  if (wanted.columns == NULL && cli_points_in_file(spec)) wanted.columns = cli_column_names(c);
  if (cli_data_load(&wanted, out, &e) != NF_OK) {
    cli_error("%s", e.message);
    return false;
  }
  out->has_label = has_label;
  out->label = label;
  const nf_model *m = nf_flow_model(c->flow);
  if (choice->bits == 0 && cli_reduce(m, out))
    cli_note("%s: pixels reduced to the %u bins of %s", spec, m->bins, path);
  char given[96], taken[96];
  const bool fits = nf_shape_equal(out->shape, m->shape) && out->bins == m->bins;
  const bool has_labels = out->classes > 0 && out->classes <= m->condition;
  if (fits && (m->condition == 0 || has_label || has_labels)) return true;
  if (fits && out->classes == 0)
    cli_error("%s: no labels, and %s takes one; choose it by --label", spec, path);
  else if (fits)
    cli_error("%s: its labels go up to %zu; %s has %zu classes", spec, out->classes - 1, path,
              m->condition);
  else
    cli_error("%s: %s; %s takes %s", spec, describe(out->shape, out->bins, given), path,
              describe(m->shape, m->bins, taken));
  cli_data_free(out);
  return false;
}

double cli_in_unit(double nats, nf_shape shape, unsigned bins) {
  return bins > 0 ? nf_bits_per_dim(-nats, nf_shape_size(shape)) : nats;
}

const char *cli_unit(unsigned bins) { return bins > 0 ? "bits/dim" : "nats"; }
