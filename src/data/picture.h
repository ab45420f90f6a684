/* One picture file, PNG or JPEG, as bytes; and a picture brought to another size. */
#ifndef NF_DATA_PICTURE_H
#define NF_DATA_PICTURE_H

#include <stdio.h>

#include "nf/data.h"

enum { NF_PICTURE_MAX = 100000000 }; /* pixels */

typedef struct {
  nf_shape shape; /* c is 1, gray, or 3, red, green, blue */
  uint8_t *byte;  /* h · w · c, to be freed */
} nf_picture;     /* start from {0} */

/* A PNG or a JPEG, as its first bytes tell.
 * errors  NF_EIO (not there, no regular file), NF_EFORMAT (neither, damaged, cut short),
 *         NF_ENOMEM */
int nf_picture_read(const char *path, nf_picture *out, nf_error *e);

/* The file from its start; path is for the error alone. PNG: 8-bit samples as they are stored, gAMA
 * or not; 16-bit samples v as round(v/257); what is transparent over white, v·a + 255·(1-a). A
 * palette of grays is gray. JPEG: gray or RGB. Both are turned as their Exif orientation says. */
int nf_picture_png(FILE *file, const char *path, nf_picture *out, nf_error *e);
int nf_picture_jpeg(FILE *file, const char *path, nf_picture *out, nf_error *e);

/* The orientation 1 … 8 in Exif data (of a JPEG's marker APP1, after "Exif\0\0"; of a PNG's chunk
 * eXIf); 1, as it is, where there is none. */
unsigned nf_exif_orientation(size_t size, const uint8_t *byte);
/* From the picture as it is stored to as it is seen. False: no memory. */
bool nf_picture_turn(nf_picture *p, unsigned orientation);

/* The largest window in the middle of a picture (shape s) that has the proportions of to (h, w),
 * each pixel of the result the mean of the window's area that it covers, in stored values. */
void nf_picture_resize(nf_shape s, const uint8_t *byte, size_t h, size_t w, uint8_t *to);

#endif
