/* The pages of a chapter. Every number goes through print_quantity(): recorded ones become
 * name,value lines under --csv, and a reader sees all of them with their decimal points below each
 * other. */
#include "chapter.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chapter_options.h"

enum { NAME = 24, TEXT = 46, CHECK = 34, LABEL = 22, CELL = 15, WIDTH = 98 };

static struct {
  bool csv, in_table, in_row, failed;
  int left;   /* columns to go before the next cell */
  int checks; /* claims of this table, and their largest difference */
  double worst;
  double last; /* the quantity that a claim is about */
  const char *last_name;
  int number; /* of the chapter */
} out;

/* --- printing --------------------------------------------------------------------------- */

/* Columns on the screen: UTF-8 bytes that do not continue a character. */
static int columns(const char *s) {
  int n = 0;
  for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
  return n;
}

static void spaces(int n) {
  for (; n > 0; n--) putchar(' ');
}

/* v with its decimal point in column `point` of a field `width` wide; trailing zeros dropped.
 * Returns how much of the field is left, for who prints on. */
static int number(double v, int point, int width) {
  const int decimals = width - point - 1;
  const bool plain = v == 0 || (fabs(v) >= 1e-4 && fabs(v) < 1e6);
  char s[400];
  snprintf(s, sizeof s, plain ? "%.*f" : "%.*g", plain ? decimals : decimals - 3, v);
  if (plain && strchr(s, '.')) {
    size_t n = strlen(s);
    while (s[n - 1] == '0') n--;
    if (s[n - 1] == '.') n--;
    s[n] = 0;
  }
  const char *t = strcmp(s, "-0") == 0 ? "0" : s;
  const int before = (int)strcspn(t, ".e");
  spaces(point - before);
  const int used = (point > before ? point - before : 0) + printf("%s", t);
  return width - used;
}

static void end_row(void) {
  if (out.in_row) putchar('\n');
  out.in_row = false;
}

static void difference_line(double d) {
  printf(d == 0 ? "difference 0\n" : "difference %.1e\n", d);
}

/* A table ends with what was claimed in it, */
static void end_rows(void) {
  end_row();
  if (out.in_table && out.checks > 0) {
    printf(out.checks == 1 ? "  ✓ %d check of these rows holds; "
                           : "  ✓ %d checks of these rows hold; largest ",
           out.checks);
    difference_line(out.worst);
  }
  out.in_table = false;
  out.checks = 0;
  out.worst = 0;
}

/* and a blank line before what follows. */
static void end_table(void) {
  const bool was_in_table = out.in_table;
  end_rows();
  if (was_in_table) putchar('\n');
}

static void rule(const char *dash, int n) {
  for (; n > 0; n--) printf("%s", dash);
  putchar('\n');
}

static void blank_line(void) {
  if (out.in_table)
    end_table();
  else
    putchar('\n');
}

void chapter_section(const char *heading) {
  if (out.csv) return;
  blank_line();
  printf("%s ", heading);
  rule("─", WIDTH - columns(heading) - 1);
}

void chapter_text(const char *format, ...) {
  if (out.csv) return;
  end_table();
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

static void record(const char *name, double value) {
  if (out.csv) printf("%s,%.17g\n", name, value);
}

static void print_quantity(const char *name, double value, const char *formula) {
  out.last = value;
  out.last_name = name;
  if (out.csv) return;
  end_table();
  printf("  %s", name);
  spaces(NAME - 2 - columns(name));
  const int left = number(value, 7, TEXT - NAME - 2);
  if (formula) {
    spaces(left + 2);
    printf("%s", formula);
  }
  putchar('\n');
}

const char *chapter_name(const char *format, ...) {
  static char name[80];
  va_list args;
  va_start(args, format);
  vsnprintf(name, sizeof name, format, args);
  va_end(args);
  return name;
}

void chapter_value(const char *name, double value, const char *formula) {
  record(name, value);
  print_quantity(name, value, formula);
}

void chapter_unrecorded(const char *name, double value, const char *formula) {
  print_quantity(name, value, formula);
}

void chapter_fail_check(const char *format, ...) {
  out.failed = true;
  fflush(stdout);
  fprintf(stderr, "%s: ", chapter_program);
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
}

/* The beginning of a claim's line; in a table there is none, and it is counted. */
static bool begin_claim(double difference, bool holds) {
  if (out.in_row && holds) {
    out.checks++;
    out.worst = fmax(out.worst, difference);
  }
  if (out.csv || out.in_row) return false;
  spaces(NAME - 2);
  printf("%s ", holds ? "✓" : "✗");
  return true;
}

void chapter_claim(const char *how, double other, double tolerance) {
  const double difference = fabs(out.last - other);
  const bool holds = difference <= tolerance; /* false for a NaN */
  if (!holds)
    chapter_fail_check("%s is %.17g, but by %s %.17g: they differ by more than %.2g", out.last_name,
                       out.last, how, other, tolerance);
  if (!begin_claim(difference, holds)) return;
  spaces(number(other, 7, TEXT - NAME - 2) + 2);
  printf("%s", how);
  spaces(CHECK + 2 - columns(how));
  difference_line(difference);
}

void chapter_bound(const char *what, double difference, double bound) {
  const bool holds = fabs(difference) <= bound;
  if (!holds)
    chapter_fail_check("%s is %.17g; %s: they differ by %.2g, more than %.2g", out.last_name,
                       out.last, what, difference, bound);
  if (!begin_claim(fabs(difference), holds)) return;
  printf("%s", what);
  spaces(TEXT - NAME + CHECK + 2 - columns(what));
  difference_line(fabs(difference));
}

double chapter_last(const char **name) {
  static char full[100];
  snprintf(full, sizeof full, "ch%02d_%s", out.number, out.last_name);
  *name = full;
  return out.last;
}

void chapter_table(const char *label_head, int heads, const char *const *head) {
  if (out.csv) return;
  blank_line();
  out.in_table = true;
  printf("  %s", label_head);
  spaces(LABEL - 2 - columns(label_head));
  for (int i = 0; i < heads; i++) {
    spaces(4);
    printf("%s", head[i]);
    if (i + 1 < heads) spaces(CELL - 4 - columns(head[i]));
  }
  printf("\n  ");
  rule("─", LABEL - 2 + heads * CELL);
}

double chapter_rounded(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.3g", value);
  return strtod(text, NULL);
}

void chapter_row(const char *label_format, ...) {
  if (out.csv) return;
  end_row();
  char label[200];
  va_list args;
  va_start(args, label_format);
  vsnprintf(label, sizeof label, label_format, args);
  va_end(args);
  printf("  %s", label);
  out.left = LABEL - 2 - columns(label);
  out.in_row = true;
}

void chapter_cell(const char *name, double value) {
  record(name, value);
  chapter_cell_unrecorded(value);
  out.last_name = name;
}

void chapter_cell_unrecorded(double value) {
  out.last = value;
  out.last_name = "a cell";
  if (out.csv) return;
  spaces(out.left);
  out.left = number(value, 6, CELL - 1) + 1;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void print_title(const chapter *c) {
  const int used = printf("\nChapter %d. ", c->number) - 1;
  printf("%s", c->title);
  spaces(WIDTH - used - columns(c->title) - 8 - columns(c->notes));
  printf("[NOTES %s]\n", c->notes);
  rule("═", WIDTH);
}

void chapter_begin(int argc, char **argv, const chapter *c) {
  const chapter_command command = chapter_read_options(argc, argv, c);
  out.number = c->number;
  out.csv = command.csv && !command.trace;
  if (command.help) {
    chapter_help(c);
  } else if (command.plot) {
    command.plot->print();
  } else {
    if (!out.csv) print_title(c);
    if (!command.trace) return;
    c->trace();
  }
  exit(chapter_end());
}

int chapter_end(void) {
  end_rows();
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout))
    chapter_fail_check("standard output: cannot write: %s", strerror(errno != 0 ? errno : EIO));
  return out.failed ? 1 : 0;
}
