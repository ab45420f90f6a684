/* The message of the io call that failed last, and what it must say. */
#ifndef NF_TESTS_MESSAGE_H
#define NF_TESTS_MESSAGE_H

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "core/message.h"

static char message[NF_MESSAGE];

/* words: what the message must hold, in this order, with '|' between. */
static inline void check_message(const char *words) {
  char want[400];
  const char *at = message;
  snprintf(want, sizeof want, "%s", words);
  for (char *rest = want, *word; (word = strtok_r(rest, "|", &rest)) != NULL;) {
    const char *found = strstr(at, word);
    if (found == NULL) fail_msg("no '%s' in its place in: %s", word, message);
    at = found + strlen(word);
  }
  assert_null(strpbrk(message, "\n\r\t"));
}

#endif
