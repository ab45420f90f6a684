/* Data for a model: they have its shape and its bins, and a label if it is given one. Pixels of
 * more bins are reduced to those of the model. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "core/number.h"

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

/* "images of 8×8×1 with 17 bins", "points of 2 values" */
static const char *describe(nf_shape s, unsigned bins, char text[96]) {
  if (bins > 0)
    snprintf(text, 96, "images of %zu×%zu×%zu with %u bins", s.h, s.w, s.c, bins);
  else
    snprintf(text, 96, "points of %zu value%s", nf_shape_size(s), nf_shape_size(s) == 1 ? "" : "s");
  return text;
}

static void print_misfit(const nf_model *m, const char *path, const cli_data_choice *choice,
                         const cli_data *d, bool fits) {
  const char *spec = choice->spec;
  const nf_shape s = d->shape, t = m->shape;
  char given[96], taken[96];
  if (fits && d->classes == 0)
    cli_error("%s: no labels, and %s takes one; choose it by --label", spec, path);
  else if (fits)
    cli_error("%s: its labels go up to %zu; %s has %zu classes", spec, d->classes - 1, path,
              m->condition);
  else if (strncmp(spec, "images:", 7) == 0 && choice->size == NULL && s.c == t.c &&
           (s.h != t.h || s.w != t.w))
    cli_error("%s: images of %zu×%zu pixels; %s takes %zu×%zu, which --size %zux%zu gives", spec,
              s.h, s.w, path, t.h, t.w, t.h, t.w);
  else
    cli_error("%s: %s; %s takes %s", spec, describe(s, d->bins, given), path,
              describe(t, m->bins, taken));
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
  if (strcmp(path, "-") == 0 && cli_points_in_file(spec) && strcmp(spec + 4, "-") == 0) {
    cli_error("--data %s: standard input is the model; name a file", spec);
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
  const bool fits = nf_shape_equal(out->shape, m->shape) && out->bins == m->bins;
  const bool has_labels = out->classes > 0 && out->classes <= m->condition;
  if (fits && (m->condition == 0 || has_label || has_labels)) return true;
  print_misfit(m, path, choice, out, fits);
  cli_data_free(out);
  return false;
}
