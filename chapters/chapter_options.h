/* What chapter.c asks of chapter_options.c: the words of a chapter's command line. */
#ifndef CHAPTER_OPTIONS_H
#define CHAPTER_OPTIONS_H

#include <stdbool.h>

#include "chapter.h"

typedef struct {
  bool help, csv, trace;
  const chapter_plot *plot; /* or NULL */
} chapter_command;

extern const char *chapter_program; /* the name that stands before each message */

/* c->options get their values. Any other word is one line and exit status 2; --help ends the
 * reading. */
chapter_command chapter_read_options(int argc, char **argv, const chapter *c);
void chapter_help(const chapter *c);

#endif
