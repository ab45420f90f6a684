/* Any bytes as a safetensors file, and as a checkpoint. Neither may crash, leak or hang, and what
 * is accepted must be all there. */
#include "fuzz.h"
#include "io/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char message[NF_MESSAGE] = "";
  nf_safetensors file = {0};
  nf_checkpoint c = {0};
  if (nf_safetensors_parse("fuzz", bytes, size, &file, message) != NF_OK) {
    fuzz_require(fuzz_is_line(message));
    return 0;
  }
  for (size_t i = 0; i < file.n; i++) {
    nf_real *value = malloc(file.tensor[i].size * sizeof *value);
    fuzz_require(value != NULL && nf_safetensor_values(&file.tensor[i], value) == NF_OK);
    free(value);
  }
  if (nf_checkpoint_build("fuzz", &file, &c, message) == NF_OK) nf_checkpoint_free(&c);
  nf_safetensors_free(&file);
  return 0;
}
