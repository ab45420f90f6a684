/* What the commands of nf share: errors, options, the model and the data that they load, and how
 * values are shown. */
#ifndef CLI_H
#define CLI_H

#include "io/checkpoint.h"
#include "nf/data.h"

/* Exit statuses. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_BAD_INPUT = 2, CLI_SIGNAL = 128 };

/* The commands: main() calls one with its name as argv[0]. They return an exit status. */
int cli_train(int argc, char **argv);
int cli_eval(int argc, char **argv);
int cli_sample(int argc, char **argv);
int cli_interpolate(int argc, char **argv);
int cli_reconstruct(int argc, char **argv);
int cli_levels(int argc, char **argv);
int cli_info(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_man(int argc, char **argv);
int cli_completion(int argc, char **argv);

/* "nf COMMAND: …" on stderr, one line; returns CLI_BAD_INPUT. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* no error */

/* --- options (options.c): a table a command, by which they are read and help is printed ----- */

typedef enum {
  CLI_FLAG,  /* to: bool */
  CLI_TEXT,  /* to: const char * */
  CLI_WHOLE, /* to: uint64_t in min … max */
  CLI_REAL,  /* to: double in min … max */
  CLI_WORD   /* to: int, the index of one of `word` */
} cli_option_kind;

typedef struct {
  const char *name, *value; /* --name VALUE */
  cli_option_kind kind;
  void *to; /* holds the default; -1 for a word, 0 or UINT64_MAX for a number: help has it */
  const char *help; /* %s in it stands for the words */
  double min, max;
  const char *const *word; /* ends with NULL */
} cli_option;

typedef struct {
  const char *name;     /* of the command */
  const char *operand;  /* the one argument without a name, or NULL */
  const char *about;    /* what it does, for --help */
  const char *examples; /* lines to copy */
} cli_command;

/* Reads argv[1 …]; the operand goes to *operand. Returns CLI_GO or the exit status to end with:
 * that of --help, which prints to stdout, or of an error. */
enum { CLI_GO = -1 };
int cli_read_options(const cli_command *c, size_t n, const cli_option option[], int argc,
                     char **argv, const char **operand);

/* What --help does with the table of its command: prints it for a reader, or (manual.c) otherwise.
 */
typedef void cli_table_printer(const cli_command *c, size_t n, const cli_option option[]);
extern cli_table_printer *cli_print_table;

/* The help of one option, with the words that it can be, and its default. */
enum { CLI_HELP_TEXT = 300 };
void cli_help_text(const cli_option *o, char text[CLI_HELP_TEXT]);

extern const char cli_help[];                     /* of nf (nf.c) */
void cli_print_tables(cli_table_printer *of_one); /* of all commands (nf.c) */

/* The index of a word, or -1 after an error that names the nearest. `what` is "command", … */
int cli_find_word(const char *what, const char *text, const char *const word[]);

/* Which data: what CLI_OPTIONS_DATA reads. */
typedef struct {
  const char *spec, *columns, *range, *size; /* NULL: not given */
  bool recursive;
  uint64_t bits; /* 0: as they are */
} cli_data_choice;

/* Options that several commands have. */
#define CLI_OPTION_DATA(to)                                                                      \
  {                                                                                              \
    "data", "SPEC", CLI_TEXT, to, "digits, icons, images:DIR, csv:FILE, …; nf --help lists all", \
        0, 0, NULL                                                                               \
  }
#define CLI_OPTION_COLUMNS(to)                                                                    \
  {                                                                                               \
    "columns", "LIST", CLI_TEXT, to, "of csv and npy: names or numbers, as in a,c,2 [all]", 0, 0, \
        NULL                                                                                      \
  }
#define CLI_OPTIONS_OUTPUT(to, what)                                                         \
  {"out", "FILE", CLI_TEXT, &(to)->path, what, 0, 0, NULL}, {"format",                       \
                                                             "KIND",                         \
                                                             CLI_WORD,                       \
                                                             &(to)->format,                  \
                                                             "%s [by the ending of --out]",  \
                                                             0,                              \
                                                             0,                              \
                                                             cli_formats},                   \
  {                                                                                          \
    "zoom", "Z", CLI_WHOLE, &(to)->zoom, "PNG: a pixel becomes a square of Z×Z", 1, 64, NULL \
  }
#define CLI_OPTION_RANGE(to) \
  { "range", "A:B", CLI_TEXT, to, "use only samples A … B-1 of the set", 0, 0, NULL }
#define CLI_OPTION_RECURSIVE(to) \
  { "recursive", NULL, CLI_FLAG, to, "images:DIR: those of the folders in DIR, too", 0, 0, NULL }
#define CLI_OPTION_SIZE(to)                                                                        \
  {                                                                                                \
    "size", "HxW", CLI_TEXT, to, "images:DIR: resize by area averaging, crop at the centre", 0, 0, \
        NULL                                                                                       \
  }
#define CLI_OPTION_BITS(to) \
  { "bits", "B", CLI_WHOLE, to, "reduce 8-bit pixels to 2^B bins, as in Glow's 5", 1, 8, NULL }
#define CLI_OPTIONS_DATA(to)                                                  \
  CLI_OPTION_DATA(&(to)->spec), CLI_OPTION_COLUMNS(&(to)->columns),           \
      CLI_OPTION_RANGE(&(to)->range), CLI_OPTION_RECURSIVE(&(to)->recursive), \
      CLI_OPTION_SIZE(&(to)->size), CLI_OPTION_BITS(&(to)->bits)
#define CLI_OPTION_THREADS(to)                                                                    \
  {                                                                                               \
    "threads", "N", CLI_WHOLE, to, "threads; the result does not depend on them [one a core]", 1, \
        1024, NULL                                                                                \
  }
#define CLI_OPTION_SEED(to)                                                                 \
  {                                                                                         \
    "seed", "S", CLI_WHOLE, to, "of all that is random; the same seed, the same result", 0, \
        1.8e19, NULL                                                                        \
  }

/* --- data (data.c): n samples of one shape, images as bytes, or points --------------------- */

enum { CLI_TOY_POINTS = 20000 }; /* of a toy density, always the same */

typedef struct {
  char name[32];     /* what it is, without a path: "digits", "cifar10", "csv", "toy:moons" */
  size_t n, first;   /* samples first … first+n-1 of the set */
  nf_shape shape;    /* of one */
  unsigned bins;     /* of a pixel; 0: points */
  nf_images images;  /* {0}: points */
  nf_real *point;    /* all points, those outside first … too; NULL: images */
  const nf_toy *toy; /* their density, when it is known */
  char *columns;     /* their names in a file, with commas between; NULL: of no file */
  size_t classes;    /* labels are 0 … classes-1; 0: there are none */
} cli_data;          /* start from {0} */

/* Prints a line on stderr for each file that is skipped.
 * errors  those of nf_images_load, nf_points_read_csv and nf_points_read_npy, NF_EINVAL */
int cli_data_load(const cli_data_choice *choice, cli_data *out, nf_error *e);
void cli_data_free(cli_data *d);

/* Points of one's own (points.c): csv:FILE and npy:FILE, into d->n, shape, point and columns. */
bool cli_points_in_file(const char *spec);
int cli_points_load(const char *spec, const char *columns, cli_data *d, nf_error *e);
/* The first layer of a flow of standardised points, from n of them: mean and sd of each column.
 * errors  NF_EINVAL (a column is constant, and so has no density), NF_ENOMEM */
int cli_points_standardise(const cli_data *data, size_t n, const size_t *index, nf_flow *flow,
                           nf_error *e);
/* The names of the columns that a flow was trained on, as many as it has; NULL: none. */
const char *cli_column_names(const nf_checkpoint *c);
/* Name k of a list of columns, and its length. */
const char *cli_column(const char *list, size_t k, int *length);

/* Samples index[0 … n-1] into to (n · D). */
void cli_data_gather(const cli_data *d, size_t n, const size_t *index, nf_real *to);

/* A batch with memory for n samples and, of a conditional flow, for their labels as y: 1 at the
 * label, 0 at the flow's other classes.   errors  NF_ENOMEM */
int cli_batch_new(const nf_flow *flow, size_t n, nf_batch *out, nf_error *e);
/* Samples index[0 … n-1] into it, at most as many as it was made for. */
void cli_batch_gather(const cli_data *d, size_t n, const size_t *index, nf_batch *to);
/* Mirrors images of it left to right, each with probability 1/2, by (seed, number of the sample).
 */
void cli_batch_flip(uint64_t seed, nf_batch *b);
/* y of sample i of it */
void cli_batch_set_label(size_t i, size_t label, nf_batch *to);
void cli_batch_free(nf_batch *b);

/* All n indices, shuffled by seed: the first `held` are held out of training. NULL: no memory. To
 * be freed. */
size_t *cli_data_order(const cli_data *d, uint64_t seed);

/* --- which data (fingerprint.c) ------------------------------------------------------------- */

/* The CRC-32 of the values, as metadata "crc32" has it. False of a toy density, whose name says all
 * and whose last bits depend on the machine's libm. */
enum { CLI_FINGERPRINT = 16 };
bool cli_fingerprint(const cli_data *d, char text[CLI_FINGERPRINT]);
/* The values are those that c was trained on, or c does not say. */
bool cli_is_trained_on(const nf_checkpoint *c, const cli_data *d);

/* --- what is loaded and shown (nf.c) -------------------------------------------------------- */

int cli_threads(uint64_t given); /* one a core when 0 is given */

/* Writing to the path of an option would replace neither the model nor what the data are read from.
 * NULL: there is none. False after an error. */
bool cli_output_is_free(const char *option, const char *path, const char *model, const char *spec);

/* A checkpoint ready to run on so many threads. False after an error. */
bool cli_load_model(const char *path, uint64_t threads, nf_checkpoint *out);
/* Data that fit the model: with the bits of its pixels, and the columns that it was trained on
 * unless others are chosen. False after an error. */
bool cli_load_data(const nf_checkpoint *c, const char *path, const cli_data_choice *choice,
                   cli_data *out);

/* 256 bins to the 2^B of a model with fewer. Returns whether there was anything to do. */
bool cli_reduce(const nf_model *m, cli_data *d);

/* Images: bits per dimension of the discrete pixels. Points: nats. */
double cli_in_unit(double nats, nf_shape shape, unsigned bins); /* from -log p */
const char *cli_unit(unsigned bins);

double cli_seconds(void);                         /* of a monotonic clock */
void cli_duration(double seconds, char text[32]); /* "1h02m" or "2m05s" */

/* --- results as JSON (json.c): what is no UTF-8, or not finite, is null --------------------- */

struct json_t;
#define CLI_OPTION_JSON(to) \
  { "json", NULL, CLI_FLAG, to, "the same as one JSON object", 0, 0, NULL }

void cli_json_set(struct json_t *to, const char *key, struct json_t *value); /* takes the value */
void cli_json_text(struct json_t *to, const char *key, const char *text);    /* NULL: null */
void cli_json_whole(struct json_t *to, const char *key, size_t value);
void cli_json_real(struct json_t *to, const char *key, double value);
struct json_t *cli_json_object(struct json_t *to, const char *key); /* a new one in it, {} */
/* On standard output, and frees it. Returns the exit status. */
int cli_json_print(struct json_t *object);

/* "name  mean ± standard error" of n values, one of which has none; or both into an object. */
void cli_print_mean(struct json_t *to, const char *name, size_t n, const double *value);

/* --- files of samples (sample.c) ------------------------------------------------------------ */

enum { CLI_PNG, CLI_CSV, CLI_NPY };
extern const char *const cli_formats[];

/* Where samples go: what CLI_OPTIONS_OUTPUT reads, and the columns of a PNG grid. */
typedef struct {
  const char *path;
  int format;             /* one of the above; -1: not given */
  uint64_t columns, zoom; /* columns 0: as square as can be */
} cli_output;             /* start from CLI_OUTPUT */
#define CLI_OUTPUT \
  { .format = -1, .zoom = 1 }

/* Sets the format when it is not given: by the ending of the path; without one, images are PNG and
 * points CSV. False after an error. */
bool cli_output_format(cli_output *out, unsigned bins);

/* Whether a PNG can hold n samples, before they are drawn. A CSV and an NPY can.
 * errors  those of nf_png_check_grid */
int cli_check_grid(const cli_output *out, const nf_checkpoint *c, size_t n, nf_error *e);

/* n samples x (n · D) of the flow in c. PNG: a grid of images. CSV: a line a sample, below the
 * names of the columns trained on. NPY: one array.
 * errors  those of nf_png_write_grid, NF_EIO */
int cli_write_samples(const cli_output *out, const nf_checkpoint *c, size_t n, const nf_real *x,
                      nf_error *e);

/* --- rows of log p (eval_csv.c) --------------------------------------------------------------- */

/* log_p[i] of sample index[i] of the range, n of them, by their numbers in the whole set.
 * errors  NF_EIO, NF_ENOMEM */
int cli_write_log_p(const char *path, const cli_data *data, size_t n, const size_t *index,
                    const double *log_p, nf_error *e);

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
