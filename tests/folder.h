/* A folder of one's own under $TMPDIR or /tmp, for tests that need files. Use folder_make and
 * folder_remove as a group's setup and teardown. */
#ifndef NF_TESTS_FOLDER_H
#define NF_TESTS_FOLDER_H

#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char folder[512];

static inline int folder_make(void **state) {
  (void)state;
  const char *top = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/nf_test_XXXXXX", top != NULL && *top != 0 ? top : "/tmp");
  return mkdtemp(folder) == NULL ? -1 : 0;
}

/* remove() takes files and links at once, and a folder once it is empty. */
static inline int folder_remove_path(const char *path) {
  if (remove(path) == 0) return 0;
  DIR *d = opendir(path);
  if (d == NULL) return -1;
  for (const struct dirent *e; (e = readdir(d)) != NULL;) {
    char inner[1024];
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) < (int)sizeof inner)
      folder_remove_path(inner);
  }
  closedir(d);
  return remove(path);
}

static inline int folder_remove(void **state) {
  (void)state;
  return folder_remove_path(folder);
}

/* The path of a name in the folder, good until the third next call. */
static inline const char *folder_path(const char *name) {
  static char path[4][1024];
  static unsigned turn;
  turn = (turn + 1) % 4;
  assert_true(folder[0] != 0); /* else the path would be in / */
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static inline void folder_write(const char *name, const void *bytes, size_t size) {
  FILE *f = fopen(folder_path(name), "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
}

static inline void folder_mkdir(const char *name) {
  assert_int_equal(mkdir(folder_path(name), 0755), 0);
}

/* Numbers get a decimal comma, from a locale that is installed, or else from glibc's source of
 * de_DE, compiled into the folder; the test is skipped where there is neither. */
static inline void folder_comma_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
  char command[600];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (setlocale(LC_NUMERIC, names[i]) != NULL) return;
  snprintf(command, sizeof command,
           "localedef -i de_DE -f ISO-8859-1 '%s/de_DE.ISO-8859-1' 2>/dev/null", folder);
  if (system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
      setlocale(LC_NUMERIC, "de_DE.ISO-8859-1") != NULL)
    return;
  print_message("no locale with a decimal comma: skipped\n");
  skip();
}

#endif
