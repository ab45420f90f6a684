/* What the commands of nf share: errors, options, how a model and its data are loaded, and how
 * values are shown. */
#ifndef CLI_H
#define CLI_H

#include "data.h"

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

/* --- signals.c: a file that is half written goes when SIGINT, SIGTERM or SIGHUP ends nf ------- */
void cli_signals_begin(void);

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
  void *to;         /* the default; -1 for a word, 0 or UINT64_MAX for a number: see help */
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

/* What --help does with the table of its command: prints it for a reader, or as manual.c does. */
typedef void cli_table_printer(const cli_command *c, size_t n, const cli_option option[]);
extern cli_table_printer *cli_print_table;

/* The help of one option, with the words that it can be, and its default. */
enum { CLI_HELP_TEXT = 300 };
void cli_help_text(const cli_option *o, char text[CLI_HELP_TEXT]);

extern const char cli_help[];                     /* of nf (nf.c) */
void cli_print_tables(cli_table_printer *of_one); /* of all commands (nf.c) */

/* The index of a word, or -1 after an error that names the nearest. `what` is "command", … */
int cli_find_word(const char *what, const char *text, const char *const word[]);

/* Options that several commands have. */
#define CLI_OPTION_DATA(to)                                                                      \
  {                                                                                              \
    "data", "SPEC", CLI_TEXT, to, "digits, icons, images:DIR, csv:FILE, …; nf --help lists all", \
        0, 0, NULL                                                                               \
  }
#define CLI_OPTION_COLUMNS(to)                                                                \
  {                                                                                           \
    "columns", "LIST", CLI_TEXT, to,                                                          \
        "of csv and npy: names or numbers, as in a,c,2; others may be text [all]", 0, 0, NULL \
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
#define CLI_OPTION_LABEL(to)                                                     \
  {                                                                              \
    "label", "K", CLI_TEXT, &(to)->label,                                        \
        "of a flow given labels: one for all samples, not their own", 0, 0, NULL \
  }
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

/* --- what is loaded and shown (nf.c) -------------------------------------------------------- */

int cli_threads(uint64_t given); /* one a core when 0 is given */

/* Whether the path of an option names neither the model nor a file that the data are read from;
 * each may be NULL. What a killed process left of the file is removed. False after an error. */
bool cli_output_is_free(const char *option, const char *path, const char *model, const char *spec);

/* A checkpoint ready to run on so many threads. False after an error. */
bool cli_load_model(const char *path, uint64_t threads, nf_checkpoint *out);

/* Images: bits per dimension of the discrete pixels. Points: nats. */
double cli_in_unit(double nats, nf_shape shape, unsigned bins); /* from -log p */
const char *cli_unit(unsigned bins);

/* --- data for a model (fit.c) ---------------------------------------------------------------- */

/* The label that --label gives. False after an error: the flow has no such class. */
bool cli_read_label(const nf_checkpoint *c, const char *path, const char *text, size_t *label);
/* Data that fit the model, with their labels or --label: with the bits of its pixels, and the
 * columns that it was trained on unless others are chosen. False after an error. */
bool cli_load_data(const nf_checkpoint *c, const char *path, const cli_data_choice *choice,
                   cli_data *out);

/* 256 bins to the 2^B of a model with fewer. Returns whether there was anything to do. */
bool cli_reduce(const nf_model *m, cli_data *d);

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

/* "name  mean ± standard error" of n values, the mean alone of one; or both into an object. */
void cli_print_mean(struct json_t *to, const char *name, size_t n, const double *value);

/* --- the solver of a continuous flow (solver.c) ---------------------------------------------- */

/* Nats by which mean log p may change with twice the steps before a line on stderr warns of it. */
#define CLI_SOLVER_TOLERANCE 0.01

/* *difference: the mean of log p by the steps of the flow, saved as path, less that by twice as
 * many, over the first 1000 of n samples, in nats; INFINITY where the latter is not finite; NAN of
 * a flow without a solver, or of more than 2048 steps.   errors  NF_ENOMEM, those of
 * nf_flow_log_prob */
int cli_solver_error(nf_flow *flow, const char *path, const cli_data *data, size_t n,
                     const size_t *index, double *difference, nf_error *e);

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

#endif
