/* getopt_long reads the options; here its table is made from ours, values are checked, and help is
 * printed. */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/nearest.h"
#include "core/number.h"

enum { MAX_OPTIONS = 40, HELP = 'h', MISSING = ':', UNKNOWN = '?', FIRST = 256 };

/* Appends to the help of one option, cut to fit. */
static void append(char text[CLI_HELP_TEXT], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void append(char text[CLI_HELP_TEXT], const char *format, ...) {
  const size_t length = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + length, CLI_HELP_TEXT - length, format, arguments);
  va_end(arguments);
}

static void append_words(char text[CLI_HELP_TEXT], const char *const word[]) {
  for (size_t i = 0; word[i] != NULL; i++) append(text, "%s%s", i > 0 ? ", " : "", word[i]);
}

void cli_help_text(const cli_option *o, char text[CLI_HELP_TEXT]) {
  const char *words = strstr(o->help, "%s");
  const int before = (int)(words != NULL ? (size_t)(words - o->help) : strlen(o->help));
  text[0] = 0;
  append(text, "%.*s", before, o->help);
  if (words != NULL) append_words(text, o->word);
  if (words != NULL) append(text, "%s", words + 2);
  if (o->kind == CLI_WHOLE && *(uint64_t *)o->to > 0 && *(uint64_t *)o->to < UINT64_MAX)
    append(text, " [%" PRIu64 "]", *(uint64_t *)o->to);
  if (o->kind == CLI_REAL && *(double *)o->to > 0) append(text, " [%g]", *(double *)o->to);
  if (o->kind == CLI_WORD && *(int *)o->to >= 0) append(text, " [%s]", o->word[*(int *)o->to]);
}

/* Words, beginning in column `from` of the line, in lines of at most 100 columns. */
static void print_words(const char *text, int from) {
  for (int at = from; *text != 0;) {
    int columns = 0;
    const size_t length = strcspn(text, " ");
    for (size_t i = 0; i < length; i++) columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    if (at > from && at + 1 + columns > 100) at = printf("\n%*s", from, "") - 1;
    if (at > from) at += printf(" ");
    printf("%.*s", (int)length, text);
    at += columns;
    text += length + strspn(text + length, " ");
  }
  putchar('\n');
}

static void print_help(const cli_command *c, size_t n, const cli_option option[]) {
  printf("nf %s %s%s[options]\n\n%s\n\noptions\n", c->name, c->operand != NULL ? c->operand : "",
         c->operand != NULL ? " " : "", c->about);
  for (size_t i = 0; i < n; i++) {
    const cli_option *o = &option[i];
    char text[CLI_HELP_TEXT];
    const int width = printf("  --%s %s", o->name, o->value != NULL ? o->value : "");
    cli_help_text(o, text);
    printf("%*s  ", width < 24 ? 24 - width : 0, "");
    print_words(text, width < 24 ? 26 : width + 2);
  }
  printf("  --help, -h              this text\n\nexamples\n%s\n", c->examples);
}

cli_table_printer *cli_print_table = print_help;

int cli_find_word(const char *what, const char *text, const char *const word[]) {
  size_t n = 0;
  while (word[n] != NULL) n++;
  for (size_t i = 0; i < n; i++)
    if (strcmp(text, word[i]) == 0) return (int)i;
  const char *nearest = nf_nearest(text, n, word);
  char all[CLI_HELP_TEXT] = "";
  append_words(all, word);
  if (nearest != NULL)
    cli_error("%s '%s' is unknown; the nearest is '%s'", what, text, nearest);
  else
    cli_error("%s '%s' is unknown; there are %s", what, text, all);
  return -1;
}

static bool read_value(const cli_option *o, const char *text) {
  char name[64];
  switch (o->kind) {
    case CLI_FLAG:
      *(bool *)o->to = true;
      return true;
    case CLI_TEXT:
      *(const char **)o->to = text;
      if (*text == 0) cli_error("--%s: its value is empty; it must be %s", o->name, o->value);
      return *text != 0;
    case CLI_WORD:
      snprintf(name, sizeof name, "--%s", o->name);
      *(int *)o->to = cli_find_word(name, text, o->word);
      return *(int *)o->to >= 0;
    case CLI_WHOLE: {
      uint64_t v;
      if (nf_read_whole(text, UINT64_MAX, &v) && (double)v >= o->min && (double)v <= o->max) {
        *(uint64_t *)o->to = v;
        return true;
      }
      break;
    }
    case CLI_REAL: {
      double v;
      if (nf_read_real(text, &v) && v >= o->min && v <= o->max) {
        *(double *)o->to = v;
        return true;
      }
      break;
    }
  }
  if (o->kind == CLI_WHOLE)
    cli_error("--%s %s: it must be a whole number from %.0f to %.0f", o->name, text, o->min,
              o->max);
  else
    cli_error("--%s %s: it must be a number from %g to %g", o->name, text, o->min, o->max);
  return false;
}

/* After one dash getopt has read a single letter, and is at the next word when there is no other. A
 * file of that name may be meant. optopt is 0 for a long option that does not exist, and its number
 * for one with a value that it does not take. */
static int unknown_option(const char *command, size_t n, const cli_option option[], char **argv) {
  const char *text = argv[optind - 1], letter[] = {'-', (char)optopt, 0};
  if (optopt == HELP || optopt >= FIRST)
    return cli_error("%.*s: it takes no value", (int)strcspn(text, "="), text);
  if (optopt > 0 && strcmp(text, letter) != 0) text = argv[optind];
  if (access(text, F_OK) == 0)
    return cli_error("option '%s' is unknown; the file is ./%s", text, text);
  const char *name[MAX_OPTIONS + 1] = {"help"};
  for (size_t i = 0; i < n; i++) name[i + 1] = option[i].name;
  const char *nearest = nf_nearest(text + strspn(text, "-"), n + 1, name);
  if (nearest == NULL) return cli_error("option '%s' is unknown; see nf %s --help", text, command);
  return cli_error("option '%s' is unknown; the nearest is '--%s'", text, nearest);
}

int cli_read_options(const cli_command *c, size_t n, const cli_option option[], int argc,
                     char **argv, const char **operand) {
  struct option table[MAX_OPTIONS + 2] = {{"help", no_argument, NULL, HELP}};
  for (size_t i = 0; i < n; i++)
    table[i + 1] = (struct option){option[i].name,
                                   option[i].kind == CLI_FLAG ? no_argument : required_argument,
                                   NULL, (int)i + FIRST};
  optind = 1;
  for (int got; (got = getopt_long(argc, argv, ":h", table, NULL)) != -1;) {
    if (got == HELP) {
      cli_print_table(c, n, option);
      return CLI_OK;
    }
    if (got == MISSING) return cli_error("%s: its value is missing", argv[optind - 1]);
    if (got == UNKNOWN) return unknown_option(c->name, n, option, argv);
    if (!read_value(&option[got - FIRST], optarg)) return CLI_BAD_INPUT;
  }
  if (c->operand != NULL && optind < argc) *operand = argv[optind++];
  if (optind < argc)
    return cli_error("'%s': unexpected argument; see nf %s --help", argv[optind], c->name);
  if (c->operand != NULL && *operand == NULL)
    return cli_error("%s is missing; see nf %s --help", c->operand, c->name);
  return CLI_GO;
}
