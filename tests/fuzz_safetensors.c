/* Any bytes as a safetensors file, and as a checkpoint. Neither may crash, leak or hang, and what
 * is read must be complete. */
#include "fuzz.h"
#include "io/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  nf_error e = {0};
  nf_safetensors file = {0};
  nf_checkpoint c = {0};
  if (nf_safetensors_parse("fuzz", bytes, size, &file, &e) != NF_OK) {
    fuzz_require(fuzz_is_line(e.message));
    return 0;
  }
  for (size_t i = 0; i < file.n; i++) {
    const nf_safetensor *t = &file.tensor[i];
    fuzz_require(nf_safetensors_find(&file, t->name) == t);
    if (t->dtype == NF_OTHER_DTYPE) {
      fuzz_require(nf_safetensor_values(t, NULL) == NF_EINVAL);
      continue;
    }
    nf_real *value = malloc((t->size + 1) * sizeof *value);
    fuzz_require(value != NULL && nf_safetensor_values(t, value) == NF_OK);
    free(value);
  }
  if (nf_checkpoint_build("fuzz", &file, &c, &e) == NF_OK) nf_checkpoint_free(&c);
  nf_safetensors_free(&file);
  return 0;
}
