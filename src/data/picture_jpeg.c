/* JPEG by libjpeg-turbo. It only warns of damaged data, and fills what is missing with gray: here
 * that is an error. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "data/picture.h"

enum { MAX_SCANS = 100 }; /* of a progressive file; each takes the time of one image */

typedef struct {
  struct jpeg_error_mgr manager; /* first: libjpeg knows it alone */
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  FILE *file;
  const char *path;
  nf_error *e;
  nf_picture picture;
} jpeg_source;

static void on_error(j_common_ptr j) {
  jpeg_source *s = (jpeg_source *)j->err;
  char message[JMSG_LENGTH_MAX];
  j->err->format_message(j, message);
  const int status = j->err->msg_code == JERR_OUT_OF_MEMORY ? NF_ENOMEM
                     : ferror(s->file)                      ? NF_EIO
                                                            : NF_EFORMAT;
  nf_fail(s->e, status, "%s: %s", s->path, message);
  longjmp(s->jump, 1);
}

/* level < 0: a warning. Two of them leave all pixels as they should be. */
static void on_message(j_common_ptr j, int level) {
  const int code = j->err->msg_code;
  if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR) on_error(j);
}

static void refuse(jpeg_source *s, int status, const char *why) {
  nf_fail(s->e, status, "%s: %s", s->path, why);
  longjmp(s->jump, 1);
}

static void on_progress(j_common_ptr j) {
  if (((j_decompress_ptr)j)->input_scan_number > MAX_SCANS)
    refuse((jpeg_source *)j->err, NF_EFORMAT, "more than 100 scans");
}

/* The first orientation other than 1 in a block of Exif data, else 1. */
static unsigned orientation(j_decompress_ptr j) {
  enum { HEAD = 6 };
  unsigned found = 1;
  for (jpeg_saved_marker_ptr m = j->marker_list; m != NULL && found == 1; m = m->next)
    if (m->data_length >= HEAD && memcmp(m->data, "Exif\0", HEAD) == 0)
      found = nf_exif_orientation(m->data_length - HEAD, m->data + HEAD);
  return found;
}

static void decode(j_decompress_ptr j, jpeg_source *s) {
  jpeg_create_decompress(j);
  jpeg_save_markers(j, JPEG_APP0 + 1, 0xffff);
  j->progress = &s->progress;
  jpeg_stdio_src(j, s->file);
  jpeg_read_header(j, TRUE);
  if (j->num_components == 4) refuse(s, NF_EFORMAT, "a JPEG of four inks; it must be gray or RGB");
  if (j->image_height > NF_PICTURE_MAX / j->image_width)
    refuse(s, NF_EFORMAT, "more than 100 million pixels");
  j->out_color_space = j->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(j);
  s->picture.shape = nf_image(j->output_height, j->output_width, (size_t)j->output_components);
  s->picture.byte = malloc(nf_shape_size(s->picture.shape));
  if (s->picture.byte == NULL) refuse(s, NF_ENOMEM, "no memory for its pixels");
  const size_t row = s->picture.shape.w * s->picture.shape.c;
  while (j->output_scanline < j->output_height)
    jpeg_read_scanlines(j, (JSAMPROW[]){s->picture.byte + j->output_scanline * row}, 1);
  const unsigned turn = orientation(j); /* the end frees the markers */
  jpeg_finish_decompress(j);
  if (!nf_picture_turn(&s->picture, turn)) refuse(s, NF_ENOMEM, "no memory to turn it");
}

int nf_picture_jpeg(FILE *file, const char *path, nf_picture *out, nf_error *e) {
  nf_error own = {0};
  jpeg_source s = {.progress.progress_monitor = on_progress, .file = file, .path = path, .e = &own};
  struct jpeg_decompress_struct j = {.err = jpeg_std_error(&s.manager)};
  s.manager.error_exit = on_error;
  s.manager.emit_message = on_message;
  if (setjmp(s.jump) == 0) decode(&j, &s);
  jpeg_destroy_decompress(&j);
  if (own.status == NF_OK) {
    *out = s.picture;
    return NF_OK;
  }
  free(s.picture.byte);
  return nf_fail(e, own.status, "%s", own.message);
}
