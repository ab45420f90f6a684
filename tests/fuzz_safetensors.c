/* A libFuzzer target, not part of make check: any bytes as a safetensors file, and as a
 * checkpoint. Neither may crash, leak or hang, and what is accepted must be all there.
 *
 *   make B=build/fuzz CC=clang CFLAGS='-g -O1 -fsanitize=fuzzer-no-link,address,undefined' \
 *     build/fuzz/libnf.a
 *   clang -g -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz_safetensors.c \
 *     build/fuzz/libnf.a -fopenmp -lopenblas -ljansson -lpng -lz -lm -o build/fuzz/safetensors
 *   build/fuzz/safetensors -rss_limit_mb=4096 corpus/
 *
 * with a small checkpoint or two in corpus/, such as build/nf train writes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char message[NF_MESSAGE] = "";
  nf_safetensors file = {0};
  nf_checkpoint c = {0};
  if (nf_safetensors_parse("fuzz", bytes, size, &file, message) != NF_OK) {
    if (message[0] == 0 || strchr(message, '\n') != NULL) abort();
    return 0;
  }
  for (size_t i = 0; i < file.n; i++) {
    nf_real *value = malloc(file.tensor[i].size * sizeof *value);
    if (value == NULL || nf_safetensor_values(&file.tensor[i], value) != NF_OK) abort();
    free(value);
  }
  if (nf_checkpoint_build("fuzz", &file, &c, message) == NF_OK) nf_checkpoint_free(&c);
  nf_safetensors_free(&file);
  return 0;
}
