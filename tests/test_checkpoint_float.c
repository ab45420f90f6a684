/* A checkpoint as a float build writes it, all tensors F32, or but for one: loaded in double, its
 * values are exactly those of the file. */
#include <jansson.h>

#include "fixture.h"
#include "folder.h"
#include "io/checkpoint.h"
#include "nf/checkpoint.h"

/* The file "sound" as "f32", but for tensor number `odd`, which stays F64, as a mean may. */
static void write_f32(size_t odd) {
  nf_safetensors s = {0};
  check_ok(nf_safetensors_read(folder_path("sound"), &s, NULL));
  json_t *header = json_object();
  json_object_set(header, "__metadata__", json_object_get(s.header, "__metadata__"));
  size_t size = 0;
  for (size_t i = 0; i < s.n; i++) {
    const nf_safetensor *t = &s.tensor[i];
    const size_t end = size + (i == odd ? 8 : 4) * t->size;
    json_t *shape = json_object_get(json_object_get(s.header, t->name), "shape");
    json_t *entry = json_pack("{s:s, s:O, s:[I, I]}", "dtype", i == odd ? "F64" : "F32", "shape",
                              shape, "data_offsets", (json_int_t)size, (json_int_t)end);
    json_object_set_new(header, t->name, entry);
    size = end;
  }
  char *text = json_dumps(header, JSON_COMPACT);
  FILE *f = fopen(folder_path("f32"), "wb");
  assert_true(text != NULL && f != NULL);
  for (int j = 0; j < 8; j++) fputc((int)(strlen(text) >> (8 * j) & 255), f);
  fputs(text, f);
  for (size_t i = 0; i < s.n; i++) {
    double *value = malloc(s.tensor[i].size * sizeof *value);
    check_ok(nf_safetensor_values(&s.tensor[i], value));
    for (size_t k = 0; k < s.tensor[i].size; k++) {
      const float narrow = (float)value[k];
      fwrite(i == odd ? (const void *)&value[k] : &narrow, i == odd ? 8 : 4, 1, f);
    }
    free(value);
  }
  assert_int_equal(fclose(f), 0);
  free(text);
  json_decref(header);
  nf_safetensors_free(&s);
}

static void a_float_file_widens_exactly(void **state) {
  (void)state;
  nf_error e = {0};
  nf_trainer *t = new_trainer(new_flow(&image));
  train(t, &image, 3);
  check_ok(nf_save(folder_path("sound"), t->flow, t, &e));
  for (int odd = 0; odd < 2; odd++) {
    write_f32(odd ? 7 : SIZE_MAX);
    nf_checkpoint c = {0};
    check_ok(nf_checkpoint_load(folder_path("f32"), &c, &e));
    size_t wide = 0;
    for (size_t i = 0; i < t->flow->n_param; i++) {
      const double value = t->flow->param[i], back = c.flow->param[i];
      assert_true(back == (double)(float)value || (odd && back == value));
      wide += back != (double)(float)value;
    }
    assert_true(odd ? wide > 0 : wide == 0);
    nf_checkpoint_free(&c);
  }
  trainer_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_float_file_widens_exactly),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
