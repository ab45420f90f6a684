/* gif FOLDER OUT.gif joins the PNG images of a folder, in the order of their names, into an
 * animated GIF that loops: a tenth of a second each, and 4 seconds the last.
 *
 * A GIF has 256 colours, here the same for all frames. The RGB cube is cut into 16×32×16 cells; the
 * 255 that hold most pixels are shown as their mean, and the others as the nearest of these. The
 * last index is transparent: a pixel that did not change since the frame before costs next to
 * nothing. The indices are then packed by LZW (GIF89a, appendix F): a code stands for a string seen
 * before, and with every code sent the table learns the string it stands for and one index more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nf/data.h>

#include "io/file.h"

enum { CELLS = 16 * 32 * 16, COLOURS = 255, SAME = 255, SHORT = 10, LONG = 400 };

/* --- colours --------------------------------------------------------------------------------- */

typedef struct {
  unsigned count, number;
  double mean[3];
} cell;
typedef struct {
  uint8_t rgb[256][3];
  uint8_t of_cell[CELLS];
} palette;

static unsigned cell_of(const uint8_t *p) {
  return (unsigned)(p[0] >> 4) << 9 | (unsigned)(p[1] >> 3) << 4 | p[2] >> 4;
}

static int fuller_first(const void *a, const void *b) {
  const cell *p = a, *q = b;
  if (p->count != q->count) return p->count < q->count ? 1 : -1;
  return p->number < q->number ? -1 : 1;
}

static void choose(const nf_images *s, palette *out) {
  static cell cells[CELLS];
  for (unsigned k = 0; k < CELLS; k++) cells[k].number = k;
  for (size_t i = 0; i < s->n * nf_shape_pixels(s->shape); i++) {
    cell *c = &cells[cell_of(s->pixel + 3 * i)];
    c->count++;
    for (int j = 0; j < 3; j++) c->mean[j] += (s->pixel[3 * i + (size_t)j] - c->mean[j]) / c->count;
  }
  qsort(cells, CELLS, sizeof *cells, fuller_first);
  memset(out, 0, sizeof *out);
  for (int k = 0; k < CELLS && cells[k].count > 0; k++) {
    if (k < COLOURS)
      for (int j = 0; j < 3; j++) out->rgb[k][j] = (uint8_t)(cells[k].mean[j] + 0.5);
    double min = 1e9;
    for (int i = 0; i < COLOURS && i <= k; i++) {
      double distance = 0;
      for (int j = 0; j < 3; j++) {
        const double d = cells[k].mean[j] - out->rgb[i][j];
        distance += d * d;
      }
      if (distance < min) min = distance, out->of_cell[cells[k].number] = (uint8_t)i;
    }
  }
}

/* --- LZW ------------------------------------------------------------------------------------- */

enum { CLEAR = 256, END = 257, FIRST = 258, MAX_CODES = 4096 };
typedef struct {
  FILE *file;
  uint32_t bits; /* not yet sent, the lowest first */
  int n_bits;
  uint8_t block[256]; /* its length, and up to 255 bytes */
} packer;

static void send_byte(packer *p, unsigned byte) {
  p->block[++p->block[0]] = (uint8_t)byte;
  if (p->block[0] < 255) return;
  fwrite(p->block, 1, 256, p->file);
  p->block[0] = 0;
}

static void send(packer *p, unsigned code, int width) {
  p->bits |= (uint32_t)code << p->n_bits;
  for (p->n_bits += width; p->n_bits >= 8; p->n_bits -= 8, p->bits >>= 8)
    send_byte(p, p->bits & 255);
}

static void pack(FILE *file, const uint8_t *index, size_t n) {
  static uint16_t longer[MAX_CODES][256]; /* code of string and index; 0: not in the table */
  packer p = {.file = file};
  unsigned code = index[0], next = MAX_CODES;
  int width = 9;
  fputc(8, file);
  for (size_t i = 1; i <= n; i++) {
    if (next == MAX_CODES) { /* the table is full, or not begun */
      send(&p, CLEAR, i == 1 ? 9 : width);
      memset(longer, 0, sizeof longer);
      next = FIRST, width = 9;
    }
    if (i < n && longer[code][index[i]] != 0) {
      code = longer[code][index[i]];
      continue;
    }
    send(&p, code, width);
    if (i == n) break;
    longer[code][index[i]] = (uint16_t)next;
    if (next++ == 1u << width && width < 12) width++;
    code = index[i];
  }
  send(&p, END, width);
  send(&p, 0, 7);
  fwrite(p.block, 1, p.block[0] + 1u, file);
  fputc(0, file);
}

/* --- the file -------------------------------------------------------------------------------- */

static void send_16(FILE *f, size_t v) { fputc((int)(v & 255), f), fputc((int)(v >> 8), f); }

static void write_gif(FILE *f, const nf_images *s, const palette *colours) {
  const size_t pixels = nf_shape_pixels(s->shape);
  uint8_t *shown = malloc(pixels), *index = malloc(pixels);
  if (shown == NULL || index == NULL) exit((fprintf(stderr, "gif: no memory\n"), 2));
  memset(shown, SAME, pixels);
  fputs("GIF89a", f);
  send_16(f, s->shape.w), send_16(f, s->shape.h);
  fwrite("\xf7\0\0", 1, 3, f);
  fwrite(colours->rgb, 1, sizeof colours->rgb, f);
  fwrite("\x21\xff\x0bNETSCAPE2.0\3\1\0\0", 1, 19, f); /* again and again */
  for (size_t k = 0; k < s->n; k++) {
    for (size_t i = 0; i < pixels; i++) {
      const uint8_t now = colours->of_cell[cell_of(s->pixel + 3 * (k * pixels + i))];
      index[i] = now == shown[i] ? SAME : now;
      shown[i] = now;
    }
    fwrite("\x21\xf9\4\5", 1, 4, f); /* leave the frame standing; a colour is transparent */
    send_16(f, k + 1 < s->n ? SHORT : LONG);
    fwrite("\xff\0\x2c\0\0\0", 1, 7, f);
    send_16(f, s->shape.w), send_16(f, s->shape.h);
    fputc(0, f);
    pack(f, index, pixels);
  }
  fputc(0x3b, f);
  free(shown);
  free(index);
}

int main(int argc, char **argv) {
  static palette colours;
  nf_error e = {0};
  nf_images frames = {0};
  nf_new_file file;
  if (argc != 3) nf_fail(&e, NF_EINVAL, "usage: gif FOLDER OUT.gif");
  if (e.status == NF_OK) nf_images_png(argv[1], &frames, &e);
  if (e.status == NF_OK &&
      (frames.shape.c != 3 || frames.shape.w > 65535 || frames.shape.h > 65535))
    nf_fail(&e, NF_ESHAPE, "%s: colour images, sides up to 65535, are needed", argv[1]);
  if (e.status == NF_OK && nf_new_file_open(&file, argv[2], &e) == NF_OK) {
    choose(&frames, &colours);
    write_gif(file.file, &frames, &colours);
    if (ferror(file.file)) nf_fail(&e, NF_EIO, "%s: cannot write", argv[2]);
    nf_new_file_close(&file, e.status, &e);
  }
  nf_images_free(&frames);
  if (e.status != NF_OK) fprintf(stderr, "gif: %s\n", e.message);
  return e.status == NF_OK ? 0 : 2;
}
