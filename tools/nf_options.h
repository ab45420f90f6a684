/* A command's options in one table: by it they are read, and from it --help is printed. */
#ifndef NF_TOOLS_OPTIONS_H
#define NF_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  NF_FLAG,  /* to: bool */
  NF_TEXT,  /* to: const char * */
  NF_WHOLE, /* to: uint64_t in least … most */
  NF_REAL,  /* to: double in least … most */
  NF_WORD   /* to: int, the number of one of `word` */
} nf_option_kind;

typedef struct {
  const char *name, *value; /* --name VALUE */
  nf_option_kind kind;
  void *to; /* holds the default; -1 for a word: whatever suits */
  const char *help;
  double least, most;
  const char *const *word; /* ends with NULL */
} nf_option;

typedef struct {
  const char *name;     /* of the command */
  const char *operand;  /* the one argument without a name, or NULL */
  const char *about;    /* what it does, for --help */
  const char *examples; /* lines to copy */
} nf_command;

typedef enum { NF_GO, NF_HELPED, NF_REFUSED } nf_parsed;

/* Reads argv[1 …]; the operand goes to *operand. --help prints to stdout and says NF_HELPED; a
 * mistake is one line on stderr and NF_REFUSED. */
nf_parsed nf_options_read(const nf_command *c, size_t n, const nf_option option[], int argc,
                          char **argv, const char **operand);

/* The number of a word, or -1 after one line that names the nearest. `what` is "command", … */
int nf_word_find(const char *what, const char *text, const char *const word[]);

#endif
