/* The data of a command: images or points by their name, batches of their samples, the checksum by
 * which a flow's data are recognised, and two densities that are fitted to them for comparison. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "io/checkpoint.h"
#include "nf/data.h"

/* Which data: what CLI_OPTIONS_DATA reads. */
typedef struct {
  const char *spec, *columns, *range, *size, *label; /* NULL: not given */
  bool recursive;
  uint64_t bits; /* 0: as they are */
} cli_data_choice;

/* --- samples (data.c): n samples of one shape, images as bytes, or points --------------------- */

enum { CLI_TOY_POINTS = 20000 }; /* of a toy density, always the same */

typedef struct {
  const char *spec;  /* as given */
  char name[32];     /* what it is, without a path: "digits", "cifar10", "csv", "toy:moons" */
  size_t n, first;   /* samples first … first+n-1 of the set */
  nf_shape shape;    /* of one */
  unsigned bins;     /* of a pixel; 0: points */
  nf_images images;  /* {0}: points */
  nf_real *point;    /* all points, those outside first … too; NULL: images */
  const nf_toy *toy; /* their density, when it is known */
  char *columns;     /* their names in a file, with commas between; NULL: of no file */
  size_t classes;    /* labels are 0 … classes-1; 0: there are none */
  bool has_label;    /* all samples have the label below, not their own */
  size_t label;
} cli_data; /* start from {0} */

/* Prints a line on stderr for each file that is skipped.
 * errors  those of nf_images_load, nf_points_read_csv and nf_points_read_npy, NF_EINVAL */
int cli_data_load(const cli_data_choice *choice, cli_data *out, nf_error *e);
void cli_data_free(cli_data *d);

/* Points of one's own (points.c): csv:FILE and npy:FILE, into d->n, shape, point and columns. */
bool cli_points_in_file(const char *spec);
int cli_points_load(const char *spec, const char *columns, cli_data *d, nf_error *e);
/* The first layer of a flow of standardised points, from n of them: mean and sd of each column.
 * Notes columns of which single precision loses much.
 * errors  NF_EINVAL (a column is constant, and so has no density), NF_ENOMEM */
int cli_points_standardise(const cli_data *data, size_t n, const size_t *index, nf_flow *flow,
                           nf_error *e);
/* The names of the columns that a flow was trained on, as many as it has; NULL: none. */
const char *cli_column_names(const nf_checkpoint *c);
/* Name k of a list of columns, and its length. */
const char *cli_column(const char *list, size_t k, int *length);

/* Samples index[0 … n-1] into to (n · D). NULL as index, here and below: the first n. */
void cli_data_gather(const cli_data *d, size_t n, const size_t *index, nf_real *to);

/* A batch with memory for n samples and, of a conditional flow, for their labels as y: 1 at the
 * label, 0 at the flow's other classes.   errors  NF_ENOMEM */
int cli_batch_new(const nf_flow *flow, size_t n, nf_batch *out, nf_error *e);
/* Samples index[0 … n-1] into it, at most as many as it was made for. */
void cli_batch_gather(const cli_data *d, size_t n, const size_t *index, nf_batch *to);
size_t cli_data_label(const cli_data *d, size_t i);
/* y of sample i of it */
void cli_batch_set_label(size_t i, size_t label, nf_batch *to);
/* Mirrors images left to right, each with probability 1/2, by (seed, number of the sample). */
void cli_batch_flip(uint64_t seed, nf_batch *b);
void cli_batch_free(nf_batch *b);

/* All n indices, shuffled by seed: the first `held` are held out of training. NULL: no memory. To
 * be freed. */
size_t *cli_data_order(const cli_data *d, uint64_t seed);

/* --- which data (fingerprint.c) ------------------------------------------------------------- */

/* The CRC-32 of the values, as metadata "crc32" has it. False of a toy density, whose name says all
 * and whose last bits depend on the machine's libm. */
enum { CLI_FINGERPRINT = 16 };
bool cli_fingerprint(const cli_data *d, char text[CLI_FINGERPRINT]);
/* Whether the values are those that c was trained on; true when c does not say. */
bool cli_is_trained_on(const nf_checkpoint *c, const cli_data *d);

/* --- baselines (baseline.c) ----------------------------------------------------------------- */

/* Two densities fitted in closed form to exactly the samples on which a flow was trained:
 *
 *   independent pixels   log P(x) = Σ_j log (count_j(x_j) + 1)/(n + bins)
 *   one Gaussian         of the pixels after the flow's own dequantisation and logit
 *
 * The first is a histogram at every place, with one sample of each value added so that none is
 * impossible, and exact. The second is a flow itself (nf_gaussian_fit), so it is evaluated as one:
 * by the same bound, on the same draws of the noise. */
typedef struct {
  cli_data data;
  size_t *order; /* of all samples of the set */
  size_t n;      /* samples trained on, which are the last of order */
} cli_train_set; /* start from {0} */

/* The samples on which the flow in c, saved as path, was trained; choice is their set, but for the
 * range.   errors  those of cli_data_load, NF_EINVAL (it was another set) */
int cli_train_set_load(const nf_checkpoint *c, const char *path, const cli_data_choice *choice,
                       cli_train_set *out, nf_error *e);
void cli_train_set_free(cli_train_set *s);

/* log P(x), nats, of samples index[0 … n-1] of images of the same shape.   errors  NF_ENOMEM */
int cli_baseline_pixels(const cli_train_set *s, const cli_data *data, size_t n, const size_t *index,
                        double *log_p, nf_error *e);

/* m is the model that it is compared with. *shrinkage is the λ of nf_gaussian_fit. NULL on failure.
 * errors  those of nf_gaussian_fit, NF_ESHAPE (more than 4096 dimensions) */
nf_flow *cli_baseline_gaussian(const cli_train_set *s, const nf_model *m, double *shrinkage,
                               nf_error *e);

#endif
