/* getopt_long does the reading; here its table is made from ours, values are checked, and help is
 * laid out. */
#include "nf_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"
#include "io/checkpoint.h"
#include "nf_tool.h"

enum { MOST_OPTIONS = 40, HELP = 1000, MISSING = ':', UNKNOWN = '?' };

static void print_default(const nf_option *o) {
  if (o->kind == NF_WHOLE && *(uint64_t *)o->to > 0)
    printf(" [%llu]", *(unsigned long long *)o->to);
  if (o->kind == NF_REAL && *(double *)o->to > 0) printf(" [%g]", *(double *)o->to);
  if (o->kind == NF_WORD && *(int *)o->to >= 0) printf(" [%s]", o->word[*(int *)o->to]);
}

static void print_help(const nf_command *c, size_t n, const nf_option option[]) {
  printf("nf %s %s%s[options]\n\n%s\n\noptions\n", c->name, c->operand != NULL ? c->operand : "",
         c->operand != NULL ? " " : "", c->about);
  for (size_t i = 0; i < n; i++) {
    const nf_option *o = &option[i];
    const int width = printf("  --%s %s", o->name, o->value != NULL ? o->value : "");
    printf("%*s  %s", width < 24 ? 24 - width : 0, "", o->help);
    print_default(o);
    putchar('\n');
  }
  printf("  --help                  this text\n\nexamples\n%s\n", c->examples);
}

int nf_word_find(const char *what, const char *text, const char *const word[]) {
  size_t n = 0;
  while (word[n] != NULL) n++;
  for (size_t i = 0; i < n; i++)
    if (strcmp(text, word[i]) == 0) return (int)i;
  nf_complain("%s '%s': there is no such; the nearest is '%s'", what, text,
              nf_nearest(text, n, word));
  return -1;
}

static bool take(const nf_option *o, const char *text) {
  char name[64];
  switch (o->kind) {
    case NF_FLAG:
      *(bool *)o->to = true;
      return true;
    case NF_TEXT:
      *(const char **)o->to = text;
      if (*text == 0) nf_complain("--%s: its value is empty; it must be %s", o->name, o->value);
      return *text != 0;
    case NF_WORD:
      snprintf(name, sizeof name, "--%s", o->name);
      *(int *)o->to = nf_word_find(name, text, o->word);
      return *(int *)o->to >= 0;
    case NF_WHOLE: {
      uint64_t v;
      if (nf_read_whole(text, UINT64_MAX, &v) && (double)v >= o->least && (double)v <= o->most) {
        *(uint64_t *)o->to = v;
        return true;
      }
      break;
    }
    case NF_REAL: {
      double v;
      if (nf_read_real(text, &v) && v >= o->least && v <= o->most) {
        *(double *)o->to = v;
        return true;
      }
      break;
    }
  }
  nf_complain("--%s %s: it must be a %snumber from %g to %g", o->name, text,
              o->kind == NF_WHOLE ? "whole " : "", o->least, o->most);
  return false;
}

static nf_parsed unknown(size_t n, const nf_option option[], const char *text) {
  const char *name[MOST_OPTIONS + 1] = {"help"};
  for (size_t i = 0; i < n; i++) name[i + 1] = option[i].name;
  nf_complain("option '%s': there is no such; the nearest is '--%s'", text,
              nf_nearest(text + strspn(text, "-"), n + 1, name));
  return NF_REFUSED;
}

nf_parsed nf_options_read(const nf_command *c, size_t n, const nf_option option[], int argc,
                          char **argv, const char **operand) {
  struct option table[MOST_OPTIONS + 2] = {{"help", no_argument, NULL, HELP}};
  for (size_t i = 0; i < n; i++)
    table[i + 1] =
        (struct option){option[i].name, option[i].kind == NF_FLAG ? no_argument : required_argument,
                        NULL, (int)i + 256};
  optind = 1;
  for (int got; (got = getopt_long(argc, argv, ":", table, NULL)) != -1;) {
    if (got == HELP) {
      print_help(c, n, option);
      return NF_HELPED;
    }
    if (got == MISSING) {
      nf_complain("%s: its value is missing", argv[optind - 1]);
      return NF_REFUSED;
    }
    if (got == UNKNOWN) return unknown(n, option, argv[optind - 1]);
    if (!take(&option[got - 256], optarg)) return NF_REFUSED;
  }
  if (c->operand != NULL && optind < argc) *operand = argv[optind++];
  if (optind < argc)
    nf_complain("'%s': there is nothing for it to say; see nf %s --help", argv[optind], c->name);
  else if (c->operand != NULL && *operand == NULL)
    nf_complain("%s is missing; see nf %s --help", c->operand, c->name);
  else
    return NF_GO;
  return NF_REFUSED;
}
