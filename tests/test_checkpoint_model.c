/* The model in the metadata of a checkpoint: a file of another model is not loaded into a flow,
 * also where all tensors have the right shapes. */
#include <jansson.h>

#include "fixture.h"
#include "folder.h"
#include "io/checkpoint.h"
#include "nf/checkpoint.h"

/* Each of these is in no tensor's shape. */
static void a_file_of_another_model_is_not_loaded_into_a_flow(void **state) {
  (void)state;
  nf_error e = {0};
  nf_model m[4] = {image, image, image, image};
  static const char *const words[4] = {
      NULL, "another: metadata 'scale' is '|'; the flow's model has 'exp'",
      "another: metadata 'alpha' is '|'; the flow's model has '0.25'",
      "another: metadata 'pixel_levels' is '|'; the flow's model has '99'"};
  m[0].seed++;
  m[1].scale = NF_SCALE_EXP;
  m[2].alpha = 0.25;
  m[3].bins = 99;
  nf_flow *f = nf_flow_from_model(&image, &e);
  check_ok(nf_save(folder_path("another"), f, NULL, &e));
  for (int k = 0; k < 4; k++) {
    nf_flow *g = nf_flow_from_model(&m[k], &e);
    check_no_error(&e);
    const nf_real before = g->param[0];
    nf_load_into(folder_path("another"), g, NULL, &e);
    if (words[k] != NULL) {
      check_failed(&e, NF_EFORMAT, words[k]);
      assert_true(g->param[0] == before);
    } else {
      check_no_error(&e);
      assert_true(bits_equal(f->n_param, g->param, f->param));
    }
    nf_flow_free(g);
  }
  nf_flow_free(f);
}

/* "net" and "blocks" are only there for gated networks: files from before have neither. */
static void networks_are_named_when_they_are_not_the_usual(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_model *model[] = {&image, &gated};
  for (int k = 0; k < 2; k++) {
    nf_flow *f = nf_flow_from_model(model[k], &e);
    check_ok(nf_save(folder_path("nets"), f, NULL, &e));
    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("nets"), &c, &e));
    const char *net = nf_safetensors_metadata(&c.file, "net");
    const char *blocks = nf_safetensors_metadata(&c.file, "blocks");
    assert_true(k == 0 ? net == NULL && blocks == NULL
                       : strcmp(net, "gated") == 0 && strcmp(blocks, "2") == 0);
    nf_checkpoint_free(&c);
    nf_flow_free(f);
  }
  nf_model other = gated;
  other.net = NF_NET_USUAL;
  nf_model_metadata found;
  nf_model_to_metadata(&gated, &found);
  nf_safetensors file = {.header = json_object()};
  json_t *all = json_object();
  for (size_t i = 0; i < found.n; i++)
    json_object_set_new(all, found.entry[i].key, json_string(found.entry[i].text));
  json_object_set_new(file.header, "__metadata__", all);
  check_ok(nf_model_check_metadata("a", &file, &gated, &e));
  nf_model_check_metadata("a", &file, &other, &e);
  check_failed(&e, NF_EFORMAT, "a: only one of it and the flow's model has metadata 'net'");
  json_object_set_new(all, "net", json_string("gatde"));
  nf_model_from_metadata("a", &file, &other, &e);
  check_failed(&e, NF_EFORMAT, "a: metadata 'net' is 'gatde'; it must be usual or gated");
  json_object_set_new(all, "net", json_string("gated"));
  json_object_set_new(all, "blocks", json_string("257"));
  nf_model_from_metadata("a", &file, &other, &e);
  check_failed(&e, NF_EFORMAT, "a: metadata 'blocks' is '257'; it must be a whole number");
  json_object_del(all, "blocks");
  nf_model_from_metadata("a", &file, &other, &e);
  check_failed(&e, NF_EFORMAT, "a: its metadata lack 'blocks'");
  nf_safetensors_free(&file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_of_another_model_is_not_loaded_into_a_flow),
      cmocka_unit_test(networks_are_named_when_they_are_not_the_usual),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
