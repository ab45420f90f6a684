/* Which data a flow was trained on: their name and range say what they are called, and a CRC-32 of
 * all their values whether they are the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "cli.h"

bool cli_fingerprint(const cli_data *d, char text[CLI_FINGERPRINT]) {
  const size_t size = nf_shape_size(d->shape);
  nf_real *point = malloc(size * sizeof *point);
  uLong crc = 0;
  text[0] = 0;
  for (size_t i = 0; point != NULL && d->toy == NULL && i < d->n; i++) {
    const uint8_t *byte = (const uint8_t *)point;
    if (d->bins > 0)
      byte = d->images.pixel + (d->first + i) * size;
    else
      cli_data_gather(d, 1, &i, point);
    crc = crc32(crc, byte, (uInt)(d->bins > 0 ? size : size * sizeof *point));
  }
  if (point != NULL && d->toy == NULL) snprintf(text, CLI_FINGERPRINT, "%08lx", crc);
  free(point);
  return text[0] != 0;
}

bool cli_is_trained_on(const nf_checkpoint *c, const cli_data *d) {
  char text[CLI_FINGERPRINT];
  const char *was = nf_safetensors_metadata(&c->file, "crc32");
  return was == NULL || !cli_fingerprint(d, text) || strcmp(was, text) == 0;
}
