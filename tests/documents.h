/* The documents that are tested, and a cmocka group of one test for each document and property. */
#ifndef NF_TESTS_DOCUMENTS_H
#define NF_TESTS_DOCUMENTS_H

#include <unistd.h>

#include "document.h"

/* The notes come first. */
static const char *const documents[] = {"NOTES.md", "NOTES.zh.md", "README.md", "CONTRIBUTING.md"};
enum { DOCUMENTS = 4, NOTES = 2 };

typedef struct {
  const char *name;
  CMUnitTestFunction run; /* *state is the document */
  bool notes_only;
} document_property;

static inline bool document_exists(int i) { return access(documents[i], F_OK) == 0; }

static inline int document_setup(void **state) {
  *state = document_read(*state);
  return 0;
}
static inline int document_teardown(void **state) {
  document_free(*state);
  return 0;
}

/* Runs `properties` of every document that is there; returns how many tests failed. */
static inline int documents_run(const char *group, size_t properties, const document_property *p) {
  enum { MOST = 64 };
  static struct CMUnitTest test[MOST];
  static char name[MOST][60];
  size_t n = 0;
  for (int i = 0; i < DOCUMENTS; i++)
    for (size_t k = 0; k < properties && document_exists(i); k++) {
      if (p[k].notes_only && i >= NOTES) continue;
      if (n == MOST) abort();
      snprintf(name[n], sizeof name[n], "%s: %s", documents[i], p[k].name);
      test[n] = (struct CMUnitTest){name[n], p[k].run, document_setup, document_teardown,
                                    (void *)documents[i]};
      n++;
    }
  return _cmocka_run_group_tests(group, test, n, NULL, NULL);
}

#endif
