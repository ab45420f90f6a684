/* The tables of options, by which the commands read their arguments, as a page for man and as a
 * function by which bash completes them. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* To roff a line that begins with a dot or an apostrophe is a request, and '-' is a hyphen. */
static void print_roff(const char *text) {
  for (bool line_start = true; *text != 0; line_start = *text++ == '\n') {
    if (line_start && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
    if (*text == '-' || *text == '\\') putchar('\\');
    putchar(*text == '\\' ? 'e' : *text);
  }
}

static void print_section(const cli_command *c, size_t n, const cli_option option[]) {
  printf(".SS nf %s %s%s[options]\n", c->name, c->operand != NULL ? c->operand : "",
         c->operand != NULL ? " " : "");
  print_roff(c->about);
  for (size_t i = 0; i < n; i++) {
    const cli_option *o = &option[i];
    char text[CLI_HELP_TEXT];
    printf("\n.TP\n.B \\-\\-");
    print_roff(o->name);
    if (o->value != NULL) printf(" \\fI%s\\fP", o->value);
    putchar('\n');
    cli_help_text(o, text);
    print_roff(text);
  }
  printf("\n.PP\n.nf\n");
  print_roff(c->examples);
  printf("\n.fi\n");
}

int cli_man(int argc, char **argv) {
  static const cli_command command = {"man", NULL, "Prints this manual as a page for man.",
                                      "  nf man > nf.1\n  man ./nf.1"};
  const int status = cli_read_options(&command, 0, NULL, argc, argv, NULL);
  if (status != CLI_GO) return status;
  printf(
      ".TH NF 1 \"\" \"nf %s\" \"normalizing flows\"\n.SH NAME\n"
      "nf \\- normalizing flows on images and points\n.SH SYNOPSIS\n"
      ".B nf\n\\fICOMMAND\\fP [arguments]\n.SH DESCRIPTION\n.nf\n",
      nf_version());
  print_roff(strchr(cli_help, '\n') + 2);
  printf("\n.fi\n.SH COMMANDS\n");
  cli_print_tables(print_section);
  return CLI_OK;
}

/* --- bash ----------------------------------------------------------------------------------- */

static void print_name(const cli_command *c, size_t n, const cli_option option[]) {
  (void)n, (void)option;
  printf("%s ", c->name);
}

/* The kind of an option's value, by the option's name. */
static const char *kind_of(const cli_option *o) {
  if (o->kind != CLI_TEXT) return "words";
  return strcmp(o->value, "FILE") == 0 ? "files" : strcmp(o->value, "SPEC") == 0 ? "data" : "words";
}

/* The options of a command, and what follows each: data, files, or words, of a number none. */
static void print_case(const cli_command *c, size_t n, const cli_option option[]) {
  printf("    %s)\n      words='", c->name);
  for (size_t i = 0; i < n; i++) printf("--%s ", option[i].name);
  printf("--help'\n");
  if (c->operand != NULL) printf("      [[ $current == -* ]] || what=files\n");
  printf("      case $before in\n");
  for (size_t i = 0; i < n; i++) {
    const cli_option *o = &option[i];
    if (o->kind == CLI_FLAG) continue;
    printf("        --%s) what=%s words='", o->name, kind_of(o));
    for (size_t k = 0; o->kind == CLI_WORD && o->word[k] != NULL; k++)
      printf("%s%s", k > 0 ? " " : "", o->word[k]);
    printf("' ;;\n");
  }
  printf("      esac ;;\n");
}

/* As in digits, cifar10:, toy:moons */
static void print_data(void) {
  for (int i = 0; i < NF_IMAGE_KINDS; i++)
    printf("%s%s ", nf_image_kinds[i], i < NF_EMBEDDED_KINDS ? "" : ":");
  printf("csv: npy:");
  for (int i = 0; i < NF_TOYS; i++) printf(" toy:%s", nf_toys[i].name);
}

/* bash has split the words at '=' and ':', unless it was told not to: `kind` is "toy:" of
 * toy:moons, `prefix` where it was not split. */
static const char head[] =
    "# How bash completes the arguments of nf; made by nf completion.\n"
    "_nf() {\n"
    "  local i=$COMP_CWORD current=${COMP_WORDS[COMP_CWORD]} kind= prefix= words= what=words\n"
    "  if [[ $current == [=:] ]]; then current=; else ((i--)); fi\n"
    "  if [[ ${COMP_WORDS[i]} == : ]]; then kind=${COMP_WORDS[i-1]}:; ((i -= 2)); fi\n"
    "  if [[ ${COMP_WORDS[i]} == = ]]; then ((i--)); fi\n"
    "  local before=${COMP_WORDS[i]}\n"
    "  case ${COMP_WORDS[1]} in\n";
static const char tail[] =
    "  esac\n"
    "  if ((COMP_CWORD == 1)); then what=words words=\"$commands help --help --version\"; fi\n"
    "  if [[ $what == data && $kind$current == *:* && $kind$current != toy:* ]]; then\n"
    "    what=files\n"
    "    [[ -n $kind ]] || prefix=${current%%:*}: current=${current#*:}\n"
    "  fi\n"
    "  case $what in\n"
    "    words) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
    "    files)\n"
    "      mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -f -- \"$current\")\n"
    "      compopt -o filenames 2> /dev/null ;;\n"
    "    data)\n"
    "      mapfile -t COMPREPLY < <(compgen -W \"$data\" -- \"$kind$current\")\n"
    "      [[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2> /dev/null\n"
    "      COMPREPLY=(\"${COMPREPLY[@]#\"$kind\"}\") ;;\n"
    "  esac\n"
    "}\n"
    "complete -F _nf nf\n";

int cli_completion(int argc, char **argv) {
  static const cli_command command = {
      "completion", NULL, "Prints the function by which bash completes the arguments of nf.",
      "  nf completion > ~/.local/share/bash-completion/completions/nf"};
  const int status = cli_read_options(&command, 0, NULL, argc, argv, NULL);
  if (status != CLI_GO) return status;
  printf("%s", head);
  cli_print_tables(print_case);
  printf("  esac\n  local commands='");
  cli_print_tables(print_name);
  printf("' data='");
  print_data();
  printf("'\n  case ${COMP_WORDS[1]} in\n    help) words=$commands ;;\n%s", tail);
  return CLI_OK;
}
