/* The command line of a chapter: --csv, --plot NAME, --trace, --help, and the options that it has
 * of its own; and what ends a program, one line "ch02_…: …" on stderr with exit status 2. */
#include "chapter_options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *chapter_program = "chapter";

/* --- messages --------------------------------------------------------------------------------- */

void chapter_fail(const char *format, ...) {
  char text[NF_MESSAGE];
  nf_error line = {0};
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  nf_fail(&line, NF_EINVAL, "%s: %s", chapter_program,
          text); /* one line, whatever an argument holds */
  fflush(stdout);
  fprintf(stderr, "%s\n", line.message);
  exit(2);
}

void chapter_need(const nf_error *e) {
  if (e->status != NF_OK) chapter_fail("%s", e->message);
}

void chapter_need_ok(int status, const char *what) {
  if (status != NF_OK) chapter_fail("%s: %s", what, nf_status_text(status));
}

double *chapter_alloc(size_t n) {
  double *x = calloc(n, sizeof *x);
  if (x == NULL) chapter_need_ok(NF_ENOMEM, "memory");
  return x;
}

long chapter_integer(const chapter_option *o, long min, long max) {
  char *end = NULL;
  errno = 0;
  const long n = o->value ? strtol(o->value, &end, 10) : 0;
  if (!end || end == o->value || *end || errno || n < min || n > max)
    chapter_fail("--%s is '%s'; it must be a whole number from %ld to %ld", o->name,
                 o->value ? o->value : "", min, max);
  return n;
}

/* --- options ---------------------------------------------------------------------------------- */

void chapter_help(const chapter *c) {
  printf("usage: %s [--csv%s%s]", chapter_program, c->plots ? " | --plot NAME" : "",
         c->trace ? " | --trace" : "");
  for (const chapter_option *o = c->options; o && o->name; o++)
    printf(" [--%s %s]", o->name, o->argument);
  printf("\n\nChapter %d. %s  [NOTES %s]\n%s\n\n", c->number, c->title, c->notes, c->about);
  printf("  %-20s  nothing but name,value lines\n", "--csv");
  printf("  %-20s  this text\n", "--help");
  if (c->trace) printf("  %-20s  one sample through the flow, layer by layer\n", "--trace");
  for (const chapter_option *o = c->options; o && o->name; o++)
    printf("  --%s %-*s  %s\n", o->name, 17 - (int)strlen(o->name), o->argument, o->help);
  for (const chapter_plot *p = c->plots; p && p->name; p++)
    printf("  --plot %-13s  columns: %s\n", p->name, p->help);
}

/* --name VALUE or --name=VALUE; moves *i past what it took. */
static const char *argument(int argc, char **argv, int *i, const char *name) {
  const size_t n = strlen(name);
  const char *arg = argv[*i];
  if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, n) != 0) return NULL;
  if (arg[2 + n] == '=') return arg + 3 + n;
  if (arg[2 + n] != 0) return NULL;
  if (*i + 1 >= argc) chapter_fail("--%s needs a value; try --help", name);
  return argv[++*i];
}

static const chapter_plot *find_plot(const chapter *c, const char *name) {
  for (const chapter_plot *p = c->plots; p && p->name; p++)
    if (strcmp(p->name, name) == 0) return p;
  chapter_fail("there is no plot '%s'; --help lists them", name);
}

chapter_command chapter_read_options(int argc, char **argv, const chapter *c) {
  chapter_command command = {0};
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  if (argc > 0) chapter_program = slash ? slash + 1 : argv[0];
  for (int i = 1; i < argc && !command.help; i++) {
    const char *value;
    if (strcmp(argv[i], "--help") == 0) {
      command.help = true;
    } else if (strcmp(argv[i], "--csv") == 0) {
      command.csv = true;
    } else if (c->trace && strcmp(argv[i], "--trace") == 0) {
      command.trace = true;
    } else if ((value = argument(argc, argv, &i, "plot"))) {
      command.plot = find_plot(c, value);
    } else {
      chapter_option *o = c->options;
      while (o && o->name && !(value = argument(argc, argv, &i, o->name))) o++;
      if (!value) chapter_fail("unknown option '%s'; try --help", argv[i]);
      o->value = value;
    }
  }
  return command;
}
