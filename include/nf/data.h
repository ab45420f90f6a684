/* Data: points from a file, image sets, and toy densities whose log-density is known.
 *
 * Every function that takes an nf_error returns its status; outputs of a call that failed are as
 * they were. */
#ifndef NF_DATA_H
#define NF_DATA_H

#include "nf/core.h"

NF_BEGIN_DECLS

/* --- points ---------------------------------------------------------------------------------- */

typedef struct {
  size_t n, d;   /* n points of R^d */
  nf_real *x;    /* (n, d) */
  char **column; /* d names, from the header line; NULL without one */
} nf_points;     /* start from {0} */

/* Text, one point a line, values separated by commas, semicolons, tabs or blanks, in quotes or not.
 * Empty lines, and all after a '#', are skipped. A first line "sep=;", as Excel has it, gives the
 * separator. The first line, or the next, that holds no number names the columns. The decimal sign
 * is a point. "-" is the standard input.
 * errors  NF_EIO, NF_EFORMAT (with line and column: not a finite number, a ragged line, no points),
 *         NF_ENOMEM */
int nf_points_read_csv(const char *path, nf_points *out, nf_error *e);

/* An array of NumPy's, float32 or float64 in either byte order, in the order of rows or of columns;
 * versions 1 to 3. The first side counts points; those after it are flattened, none is d = 1. "-"
 * is the standard input.   errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_points_read_npy(const char *path, nf_points *out, nf_error *e);
void nf_points_free(nf_points *points); /* leaves {0}; NULL and {0} are fine */

/* --- image sets ------------------------------------------------------------------------------ */

/* n images of one shape (h, w, c), bytes 0 … bins-1, channels last, whatever the order in the file
 * that they came from. */
typedef struct {
  size_t n;       /* images, at least 1 */
  nf_shape shape; /* of one */
  unsigned bins;  /* pixels are 0 … bins-1; 2 … 256 */
  uint8_t *pixel; /* n · h · w · c */
  uint8_t *label; /* n, or NULL */
} nf_images;      /* start from {0} */

/* By name:
 *   digits                 embedded: 1797 UCI digits, (8, 8, 1), 17 bins
 *   icons                  embedded: 214 icons over white, (32, 32, 3), 256 bins
 *   cifar10:PATH           CIFAR-10, binary version: data_batch_*.bin of a folder, or one file
 *   cifar10-test:PATH      the same, test_batch.bin of the folder
 *   cifar100:PATH          CIFAR-100, binary version: train.bin of a folder, or one file
 *   cifar100-test:PATH     the same, test.bin of the folder
 *   idx:IMAGES[,LABELS]    MNIST's format, plain or gzipped
 *   png:FOLDER             all *.png of a folder, in the order of their names; one size
 *   images:FOLDER          all PNG and JPEG of a folder that can be read; one size
 * Of the last two each picture is turned as its Exif orientation says.
 * errors  NF_EINVAL (no such set), and those below */
int nf_images_load(const char *name, nf_images *out, nf_error *e);

/* The names above, without paths; the first NF_EMBEDDED_KINDS take none. */
enum { NF_IMAGE_KINDS = 9, NF_EMBEDDED_KINDS = 2 };
extern const char *const nf_image_kinds[NF_IMAGE_KINDS];

/* errors  NF_ENOMEM */
int nf_images_digits(nf_images *out, nf_error *e);
int nf_images_icons(nf_images *out, nf_error *e);

/* path is a folder, whose batches are read in the order of their numbers, or one batch. A batch is
 * any number of whole records of 3073 bytes: a label 0 … 9, then 32×32 red, green and blue values.
 * errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_images_cifar10(const char *path, bool test, nf_images *out, nf_error *e);
/* The same with records of 3074 bytes: a coarse label 0 … 19, a fine one 0 … 99, which is kept, and
 * the values. */
int nf_images_cifar100(const char *path, bool test, nf_images *out, nf_error *e);

/* images: IDX of unsigned bytes, rank 3, becomes (h, w, 1). labels: rank 1, as many, or NULL.
 * errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_images_idx(const char *images, const char *labels, nf_images *out, nf_error *e);

/* All *.png of a folder: 256 bins, (h, w, 1) when every image is gray, or has a palette of grays,
 * else (h, w, 3). 8-bit samples v come as they are stored, whatever their gAMA says; 16-bit ones as
 * round(v/257); transparent parts over white, v·a + 255·(1-a); and each is turned as its chunk
 * eXIf says.
 * errors  NF_EIO (no folder, or no *.png in it), NF_EFORMAT (no PNG; sizes differ), NF_ENOMEM */
int nf_images_png(const char *path, nf_images *out, nf_error *e);

/* What nf_images_folder does; NULL or {0}: images of one size, and nothing is told. */
typedef struct {
  bool recursive; /* folders within the folder, too; not through links */
  size_t h, w;    /* 0, 0: as they are; else from each the largest window in its middle that has
                   * these proportions, resized by area averaging of the stored values */
  /* Called for each file that is no part of the set, with a line of its path and why. */
  void (*skipped)(void *user, const char *line);
  void *user;
} nf_folder_options;

/* All PNG and JPEG of a folder, known by their content, as above; names that begin with a dot or
 * end in .lock are not looked at. What is neither, or damaged, is skipped.
 * errors  NF_EIO (no folder, or no image in it), NF_EFORMAT (sizes differ), NF_EINVAL (h or w),
 *         NF_ENOMEM */
int nf_images_folder(const char *path, const nf_folder_options *options, nf_images *out,
                     nf_error *e);

/* From 256 bins to 2^bits, bits in 1 … 8: pixel k becomes floor(k/2^(8-bits)). A set that has
 * 2^bits stays as it is.   errors  NF_EINVAL (bits, or other bins) */
int nf_images_reduce(nf_images *images, unsigned bits, nf_error *e);

/* An uninitialised set.   errors  NF_ESHAPE, NF_EINVAL (n or bins), NF_ENOMEM */
int nf_images_new(size_t n, nf_shape shape, unsigned bins, bool labelled, nf_images *out,
                  nf_error *e);
void nf_images_free(nf_images *images); /* leaves {0}; NULL and {0} are fine */

/* Pixel values of images first … first+n-1 as x (n, D).
 * errors  NF_EINVAL when the set does not hold them */
int nf_images_values(const nf_images *images, size_t first, size_t n, nf_real *x, nf_error *e);
/* From samples x (n, D) to images: rounds to the nearest pixel, clamps to 0 … bins-1. No labels.
 * errors  NF_ENONFINITE; those of nf_images_new */
int nf_images_from_values(size_t n, nf_shape shape, const nf_real *x, unsigned bins, nf_images *out,
                          nf_error *e);

/* --- toy densities --------------------------------------------------------------------------- */

/* Five densities on the plane whose log p is known, so that what a flow has learned is measured:
 *
 *   KL(data‖flow) = E[log p_data(x) - log p_flow(x)],   x ~ p_data
 *
 *   moons         two half circles with Gaussian noise     log p by quadrature, to 1e-7
 *   gaussians     8 round Gaussians in a circle            log p in closed form
 *   banana        a Gaussian bent along a parabola         log p in closed form
 *   rings         2 circles, Gaussian in the radius        log p in closed form
 *   checkerboard  uniform on 8 squares of a 4×4 board      log p in closed form, -∞ between them */
typedef struct {
  const char *name;
  void (*draw)(nf_random *r, double x[2]);
  double (*log_density)(const double x[2]); /* nats */
} nf_toy;

enum { NF_TOYS = 5 };
extern const nf_toy nf_toys[NF_TOYS];

/* By name; NULL when there is none, and *e names the nearest.   errors  NF_EINVAL */
const nf_toy *nf_toy_find(const char *name, nf_error *e);

/* n points (n, 2), point i by (seed, first + i): the same whatever n. */
void nf_toy_sample(const nf_toy *toy, uint64_t seed, uint64_t first, size_t n, nf_real *x);

NF_END_DECLS

#endif
