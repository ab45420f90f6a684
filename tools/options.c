/* getopt_long reads the options; here its table is made from ours, values are checked, and help is
 * printed, as text or as a section of the man page. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/nearest.h"
#include "core/number.h"

enum { MAX_OPTIONS = 40, HELP = 1000, MISSING = ':', UNKNOWN = '?' };

static void print_default(const cli_option *o) {
  if (o->kind == CLI_WHOLE && *(uint64_t *)o->to > 0)
    printf(" [%llu]", *(unsigned long long *)o->to);
  if (o->kind == CLI_REAL && *(double *)o->to > 0) printf(" [%g]", *(double *)o->to);
  if (o->kind == CLI_WORD && *(int *)o->to >= 0) printf(" [%s]", o->word[*(int *)o->to]);
}

bool cli_help_is_man = false;

/* Lines that begin with a dot or an apostrophe are requests to roff, and a plain hyphen is not '-'.
 */
void cli_print_roff(const char *text) {
  for (bool line_start = true; *text != 0; line_start = *text++ == '\n') {
    if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
    if (*text == '-' || *text == '\\') putchar('\\');
    putchar(*text == '\\' ? 'e' : *text);
  }
}

static void print_man(const cli_command *c, size_t n, const cli_option option[]) {
  printf(".SS nf %s %s%s[options]\n", c->name, c->operand != NULL ? c->operand : "",
         c->operand != NULL ? " " : "");
  cli_print_roff(c->about);
  for (size_t i = 0; i < n; i++) {
    const cli_option *o = &option[i];
    printf("\n.TP\n.B \\-\\-");
    cli_print_roff(o->name);
    if (o->value != NULL) printf(" \\fI%s\\fP", o->value);
    putchar('\n');
    cli_print_roff(o->help);
    print_default(o);
  }
  printf("\n.PP\n.nf\n");
  cli_print_roff(c->examples);
  printf("\n.fi\n");
}

static void print_help(const cli_command *c, size_t n, const cli_option option[]) {
  printf("nf %s %s%s[options]\n\n%s\n\noptions\n", c->name, c->operand != NULL ? c->operand : "",
         c->operand != NULL ? " " : "", c->about);
  for (size_t i = 0; i < n; i++) {
    const cli_option *o = &option[i];
    const int width = printf("  --%s %s", o->name, o->value != NULL ? o->value : "");
    printf("%*s  %s", width < 24 ? 24 - width : 0, "", o->help);
    print_default(o);
    putchar('\n');
  }
  printf("  --help                  this text\n\nexamples\n%s\n", c->examples);
}

int cli_find_word(const char *what, const char *text, const char *const word[]) {
  size_t n = 0;
  while (word[n] != NULL) n++;
  for (size_t i = 0; i < n; i++)
    if (strcmp(text, word[i]) == 0) return (int)i;
  cli_error("%s '%s': there is no such; the nearest is '%s'", what, text,
            nf_nearest(text, n, word));
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
  cli_error("--%s %s: it must be a %snumber from %g to %g", o->name, text,
            o->kind == CLI_WHOLE ? "whole " : "", o->min, o->max);
  return false;
}

static cli_parsed unknown_option(size_t n, const cli_option option[], const char *text) {
  const char *name[MAX_OPTIONS + 1] = {"help"};
  for (size_t i = 0; i < n; i++) name[i + 1] = option[i].name;
  cli_error("option '%s': there is no such; the nearest is '--%s'", text,
            nf_nearest(text + strspn(text, "-"), n + 1, name));
  return CLI_REFUSED;
}

cli_parsed cli_read_options(const cli_command *c, size_t n, const cli_option option[], int argc,
                            char **argv, const char **operand) {
  struct option table[MAX_OPTIONS + 2] = {{"help", no_argument, NULL, HELP}};
  for (size_t i = 0; i < n; i++)
    table[i + 1] = (struct option){option[i].name,
                                   option[i].kind == CLI_FLAG ? no_argument : required_argument,
                                   NULL, (int)i + 256};
  optind = 1;
  for (int got; (got = getopt_long(argc, argv, ":", table, NULL)) != -1;) {
    if (got == HELP) {
      (cli_help_is_man ? print_man : print_help)(c, n, option);
      return CLI_HELPED;
    }
    if (got == MISSING) {
      cli_error("%s: its value is missing", argv[optind - 1]);
      return CLI_REFUSED;
    }
    if (got == UNKNOWN) return unknown_option(n, option, argv[optind - 1]);
    if (!read_value(&option[got - 256], optarg)) return CLI_REFUSED;
  }
  if (c->operand != NULL && optind < argc) *operand = argv[optind++];
  if (optind < argc)
    cli_error("'%s': there is nothing for it to say; see nf %s --help", argv[optind], c->name);
  else if (c->operand != NULL && *operand == NULL)
    cli_error("%s is missing; see nf %s --help", c->operand, c->name);
  else
    return CLI_GO;
  return CLI_REFUSED;
}
