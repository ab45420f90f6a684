/* A checkpoint that is not exactly the flow which its metadata describe is refused, with one line
 * that names what is wrong: a sound one is taken apart and put together with one fault. */
#include "fixture.h"
#include "folder.h"
#include "io/checkpoint.h"

enum { TENSORS = 400, PAIRS = 40 };
typedef struct {
  nf_safetensors file;
  nf_saved_tensor tensor[TENSORS];
  nf_metadata pair[PAIRS];
  size_t n, n_pair;
} edit; /* a sound checkpoint taken apart, to be put together with a fault */

static const char *const keys[] = {
    "nf_checkpoint", "family",       "shape",          "levels",       "steps",        "width",
    "scale",         "prior",        "permutation",    "alpha",        "pixel_levels", "seed",
    "step",          "plateau_best", "plateau_waited", "plateau_scale"};
enum { KEYS = sizeof keys / sizeof *keys, MODEL_KEYS = 12 };

static void take_apart(edit *e) {
  nf_error why = {0};
  *e = (edit){0};
  check_ok(nf_safetensors_read(folder_path("sound"), &e->file, &why));
  for (size_t i = 0; i < e->file.n; i++) {
    const nf_safetensor *s = &e->file.tensor[i];
    nf_real *value = malloc(s->size * sizeof *value);
    check_ok(nf_safetensor_values(s, value));
    e->tensor[i] = (nf_saved_tensor){.name = s->name, .rank = s->rank, .data = value};
    memcpy(e->tensor[i].dim, s->dim, sizeof s->dim);
  }
  e->n = e->file.n;
  for (size_t i = 0; i < KEYS; i++)
    e->pair[i] = (nf_metadata){keys[i], nf_safetensors_metadata(&e->file, keys[i])};
  e->n_pair = KEYS;
}

static nf_saved_tensor *tensor_of(edit *e, const char *name) {
  for (size_t i = 0; i < e->n; i++)
    if (strcmp(e->tensor[i].name, name) == 0) return &e->tensor[i];
  fail_msg("no tensor %s", name);
  return NULL;
}

static int load_edited(const edit *e, nf_error *why) {
  check_ok(nf_safetensors_write(folder_path("bad"), e->n, e->tensor, e->n_pair, e->pair, why));
  nf_checkpoint c = {0};
  const int status = nf_checkpoint_load(folder_path("bad"), &c, why);
  if (status != NF_OK) assert_true(c.flow == NULL && c.file.header == NULL);
  nf_checkpoint_free(&c);
  return status;
}

static void discard(edit *e) {
  for (size_t i = 0; i < e->file.n; i++) free((void *)(uintptr_t)e->tensor[i].data);
  nf_safetensors_free(&e->file);
}

/* Also discards the edit. */
static void refused(edit *e, int expected, const char *part) {
  nf_error why = {0};
  load_edited(e, &why);
  if (strstr(why.message, part) == NULL) fail_msg("'%s' does not contain '%s'", why.message, part);
  check_failed(&why, expected, "/bad: ");
  discard(e);
}

static int make_sound(void **state) {
  if (folder_make(state) != 0) return -1;
  nf_flow *flow = new_flow(&image);
  nf_trainer *t = new_trainer(flow);
  train(t, &image, 3);
  nf_error why = {0};
  check_ok(nf_checkpoint_save(folder_path("sound"), flow, t, 0, NULL, &why));
  nf_trainer_free(t);
  nf_flow_free(flow);
  return 0;
}

static void the_edits_themselves_are_sound(void **state) {
  (void)state;
  edit e;
  nf_error why = {0};
  take_apart(&e);
  check_ok(load_edited(&e, &why)); /* taken apart and put together, nothing is wrong */
  const nf_saved_tensor first = e.tensor[0];
  e.tensor[0] = e.tensor[e.n - 1];
  e.tensor[e.n - 1] = first;
  check_ok(load_edited(&e, &why)); /* nor does the order matter */
  e.n = 0;
  refused(&e, NF_EFORMAT, "more than the file holds");
}

static void every_tensor_is_needed(void **state) {
  (void)state;
  edit e;
  take_apart(&e);
  const size_t n = e.n;
  for (size_t i = 0; i < n; i++) {
    const nf_saved_tensor gone = e.tensor[i];
    nf_error why = {0};
    char name[400];
    e.tensor[i] = e.tensor[--e.n];
    snprintf(name, sizeof name, "tensor '%s' is missing", gone.name);
    load_edited(&e, &why);
    check_failed(&why, NF_EFORMAT, name);
    e.n++;
    e.tensor[i] = gone;
  }
  const double value[1] = {1};
  e.tensor[e.n++] = (nf_saved_tensor){"one.more", 1, {1}, value};
  refused(&e, NF_EFORMAT, "tensor 'one.more' is not one of the model's");
}

static void shapes_and_values_are_checked(void **state) {
  (void)state;
  edit e;
  nf_saved_tensor *t;
  take_apart(&e);
  t = tensor_of(&e, "4.lu");
  t->rank = 1, t->dim[0] = 16;
  refused(&e, NF_EFORMAT, "tensor '4.lu' has shape [16]; the model needs [4, 4]");
  take_apart(&e);
  t = tensor_of(&e, "adam.v/5.net.conv2.weight");
  t->dim[0] = 25, t->dim[1] = 1;
  refused(&e, NF_EFORMAT, "'adam.v/5.net.conv2.weight' has shape [25, 1]; the model needs [5, 5]");

  const struct {
    const char *name;
    size_t at;
    double value;
    int status;
    const char *part;
  } bad[] = {
      {"3.bias", 2, NAN, NF_EFORMAT, "tensor '3.bias': value 2 is not finite"},
      {"3.log_scale", 0, -INFINITY, NF_EFORMAT, "tensor '3.log_scale': value 0 is not finite"},
      {"4.permutation", 1, 0.5, NF_EFORMAT, "layer 4 (conv1x1)"},
      {"4.permutation", 1, 4, NF_EFORMAT, "layer 4 (conv1x1)"},
      {"4.permutation", 1, -1, NF_EFORMAT, "layer 4 (conv1x1)"},
      {"4.sign", 3, 0, NF_EFORMAT, "layer 4 (conv1x1)"},
      {"10.inner.2.lu", 0, -1e4, NF_ESINGULAR, "layer 10.inner.2 (conv1x1)"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    take_apart(&e);
    ((nf_real *)(uintptr_t)tensor_of(&e, bad[i].name)->data)[bad[i].at] = bad[i].value;
    refused(&e, bad[i].status, bad[i].part);
  }
}

static void metadata_are_checked(void **state) {
  (void)state;
  edit e;
  for (size_t i = 0; i < MODEL_KEYS; i++) {
    take_apart(&e);
    e.pair[i] = e.pair[--e.n_pair];
    refused(&e, NF_EFORMAT, keys[i]);
  }
  const struct {
    int key;
    const char *text, *part;
  } bad[] = {
      {0, "2", "version 2; this reads version 1"},
      {1, "glo",
       "'family' is 'glo'; it must be nice or realnvp or glow or single-scale or maf or nsf or cnf "
       "or fm"},
      {1, "nice", "describe no model: model: levels is 2; nice has 1"},
      {1, "realnvp", "is missing"},
      {2, "4,4", "'shape' is '4,4'; it must be height,width,channels"},
      {2, "4,4,1,1", "'shape'"},
      {2, "4,4,0", "'shape'"},
      {2, "4,4,-1", "'shape'"},
      {2, "4,99999999999999999999,1", "'shape'"},
      {2, "4,4,2", "has shape"},
      {2, "8,6,1", "describe no model: squeeze"},
      {2, "4,4,1000000", "more than the file holds"},
      {3, "3", "describe no model: squeeze"},
      {3, "1", "is not one of the model's"},
      {3, "0", "describe no model"},
      {3, "16", "more than the file holds"},
      {3, "17", "'levels' is '17'"},
      {4, "3", "is missing"},
      {4, "1", "is missing"},
      {4, "4096", "more than the file holds"},
      {5, "6", "has shape"},
      {5, "0", "describe no model"},
      {5, " 5", "'width' is ' 5'; it must be a whole number"},
      {6, "none", "has shape"},
      {7, "standard", "is missing"},
      {8, "full", "is missing"},
      {9, "0.5", "describe no model"},
      {9, "nan", "'alpha' is 'nan'; it must be a number"},
      {9, "1e999", "'alpha'"},
      {10, "257", "'pixel_levels' is '257'"},
      {10, "1", "describe no model"},
      {11, "18446744073709551616", "'seed'"},
      {11, "-1", "'seed'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    take_apart(&e);
    e.pair[bad[i].key].text = bad[i].text;
    refused(&e, NF_EFORMAT, bad[i].part);
  }
}

/* It can be used, but not resumed; and an attempt changes nothing. */
static void not_resumed(const edit *e) {
  nf_error why = {0};
  nf_checkpoint c = {0};
  check_ok(load_edited(e, &why));
  check_ok(nf_checkpoint_load(folder_path("bad"), &c, &why));
  nf_trainer *t = new_trainer(c.flow);
  nf_checkpoint_resume(&c, folder_path("bad"), t, &why);
  check_failed(&why, NF_EFORMAT, "step and plateau");
  assert_true(t->step == 0 && t->m[0] == 0);
  nf_trainer_free(t);
  nf_checkpoint_free(&c);
}

static void training_metadata_are_checked(void **state) {
  (void)state;
  edit e;
  for (size_t key = MODEL_KEYS; key < KEYS; key++) {
    take_apart(&e);
    e.pair[key].text = "some";
    not_resumed(&e);
    e.pair[key] = e.pair[--e.n_pair];
    if (key > MODEL_KEYS) not_resumed(&e);
    discard(&e);
  }
  const struct {
    size_t key;
    const char *text;
  } bad[] = {{0, "18446744073709551615"}, {0, "1000000000001"}, {1, "1e301"},
             {2, "1000000000001"},        {3, "-0.5"},          {3, "1.5"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    take_apart(&e);
    e.pair[MODEL_KEYS + bad[i].key].text = bad[i].text;
    not_resumed(&e);
    discard(&e);
  }
  take_apart(&e);
  e.pair[MODEL_KEYS] = e.pair[--e.n_pair]; /* without a step it is no training */
  refused(&e, NF_EFORMAT, "tensor 'adam.m/");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_edits_themselves_are_sound), cmocka_unit_test(every_tensor_is_needed),
      cmocka_unit_test(shapes_and_values_are_checked),  cmocka_unit_test(metadata_are_checked),
      cmocka_unit_test(training_metadata_are_checked),
  };
  return cmocka_run_group_tests(tests, make_sound, folder_remove);
}
