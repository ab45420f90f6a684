/* What the chapter programs share. A chapter is one stream of named quantities that serves two
 * readers: a person sees title, text, formulas and numbers, and beside each headline its
 * independent check and the difference; `--csv` prints the same stream as name,value lines and
 * nothing else, which is what golden/ records. `--plot NAME` prints columns for gnuplot, and
 * `--trace` prints one sample on its way through the chapter's flow, layer by layer.
 *
 *   int main(int argc, char **argv) {
 *     chapter_begin(argc, argv, &(chapter){.number = 2, .title = "…", .notes = "(2.1)-(2.5)", …});
 *     chapter_section("By hand");
 *     chapter_text("z = A x + b  with …");
 *     chapter_value("det_A", det, "a₁₁ a₂₂ - a₁₂ a₂₁");
 *     chapter_claim("GSL LU", det_gsl, 1e-12);
 *     return chapter_end();
 *   }
 *
 * Text and formulas are UTF-8, at most 100 columns wide. Whatever is wrong with the options is one
 * line on stderr and exit status 2; output that cannot be written, one line and 1. */
#ifndef CHAPTER_H
#define CHAPTER_H

#include "nf/nf.h"

#define LN_2PI 1.8378770664093454836 /* log 2π */

/* log N(z; 0, I) = -(Σ z_i² + d log 2π)/2 */
double chapter_log_normal(size_t d, const double *z);

/* By GSL's central differences of a step of about h (chapter_maths.c): f'(x); ∂f_i/∂x_j of a map of
 * R^d, d ≤ 3; and log|det ∂f/∂x|, then by LU */
double chapter_slope(double (*f)(double x, void *user), void *user, double x, double h);
typedef void chapter_map(const double *x, double *z);
double chapter_entry(chapter_map *f, size_t d, const double *x, size_t i, size_t j, double h);
double chapter_log_det(chapter_map *f, size_t d, const double *x, double h);
/* ∫ f over [a, b], or from 0 to ∞ when a = b, by GSL. f may be infinite at a. */
double chapter_integral(double (*f)(double x, void *user), void *user, double a, double b);

/* Of values v that come one by one (Welford 1962): their number, mean and Σ (v - mean)². Start
 * from {0}. */
typedef struct {
  double n, mean, squares;
} chapter_moments;
void chapter_moments_add(chapter_moments *m, double v);

/* One set of data for a picture: --plot NAME calls print, which writes columns to stdout. */
typedef struct {
  const char *name, *help;
  void (*print)(void);
} chapter_plot;

/* An option of one chapter alone, always with an argument: --index N or --index=N.
 * `value` is the default (may be NULL) and becomes what the user gave. */
typedef struct {
  const char *name, *argument, *help;
  const char *value;
} chapter_option;

typedef struct {
  int number;
  const char *title;         /* "The linear flow" */
  const char *notes;         /* equations of NOTES.md: "(2.1)-(2.5)" */
  const char *about;         /* for --help: what the program shows, lines ≤ 100 columns */
  const chapter_plot *plots; /* NULL, or an array that ends with {0} */
  chapter_option *options;   /* NULL, or an array that ends with {0} */
  void (*trace)(void);       /* NULL, or what --trace runs: calls chapter_trace */
} chapter;

/* Reads the options; prints the title. Exits here for --help, --plot, --trace and bad options. */
void chapter_begin(int argc, char **argv, const chapter *c);
/* Flushes; the exit status of main: 0, or 1 when a claim or output failed. */
int chapter_end(void);

/* A heading inside the chapter, and lines of text under it (printf; a newline is added).
 * Readers alone see them. */
void chapter_section(const char *heading);
void chapter_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A quantity: name [a-z0-9_A-Z], at most 24 columns to stay aligned, and its formula (NULL: none).
 * chapter_value is recorded: it is a line of --csv and of the golden file.
 * chapter_unrecorded is for the reader alone: round-trip errors and what else may differ by
 * machine. */
void chapter_value(const char *name, double value, const char *formula);
void chapter_unrecorded(const char *name, double value, const char *formula);

/* A name by printf, for a quantity and the claims about it; the next call overwrites it. */
const char *chapter_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Claims that the last quantity is `other`, found by an independent way `how`: prints
 * both and the difference. |value - other| > tolerance, or a NaN, makes the exit status 1. More
 * than one claim can follow a quantity. */
void chapter_claim(const char *how, double other, double tolerance);

/* The same for a difference that is known to be at most `bound` ("what" is told in its place). */
void chapter_bound(const char *what, double difference, double bound);

/* golden/exact.txt has the exact value of log_p_x of chapter 2 as ch02_log_p_x, by ball arithmetic
 * (proofs/exact.c). chapter_exact claims that the last quantity differs from its exact value by at
 * most `tolerance`, under "exact: -2.4373… ± 1e-31"; chapter_error is v - exact. */
void chapter_exact(double tolerance);
double chapter_error(const char *name, double v);
/* The last quantity, and its name in golden/exact.txt, valid until the next call */
double chapter_last(const char **name);

/* A table of quantities: up to 5 heads after that of the label column; then rows. Each cell is
 * recorded under its name; chapter_cell_unrecorded is for the reader alone. The next text, value or
 * section ends the table. A claim is about the last cell; the table's last line counts them. */
void chapter_table(const char *label_head, int heads, const char *const *head);
void chapter_row(const char *label_format, ...) __attribute__((format(printf, 1, 2)));
void chapter_cell(const char *name, double value);
void chapter_cell_unrecorded(double value);
/* To three digits, for the reader: more of a time, an error or a bound say nothing. */
double chapter_rounded(double value);

/* The table of --trace: one sample x, to whose number its noise belongs, through the flow, a row a
 * layer; what it shows is in verify/trace.h. A log-det that differences do not confirm is a claim
 * that failed. */
void chapter_trace(const char *heading, nf_flow *flow, uint64_t number, const double *x);

/* One line "ch02_…: …" on stderr (printf), and exit status 1 at the end. */
void chapter_fail_check(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Exits with 2 and the line "ch02_…: message" when *e is an error. */
void chapter_need(const nf_error *e);
/* The same for a status, "ch02_…: what: reason". */
void chapter_need_ok(int status, const char *what);
/* Exits with 2 and one line "ch02_…: …" (printf). */
_Noreturn void chapter_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* n zeros, or the end of the program */
double *chapter_alloc(size_t n);
/* The option's argument as an integer in [min, max]; anything else is a usage error. */
long chapter_integer(const chapter_option *o, long min, long max);

#endif
