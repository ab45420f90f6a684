/* A folder of one's own under $TMPDIR or /tmp, for tests that need files. Use folder_make and
 * folder_remove as a group's setup and teardown. There is one folder a program. */
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

extern char folder[512]; /* its path */
int folder_make(void **state);
int folder_remove(void **state);
int folder_remove_path(const char *path); /* with all that is in it */

/* The path of a name in the folder, good until the fourth next call. */
const char *folder_path(const char *name);
void folder_write(const char *name, const void *bytes, size_t size);
void folder_mkdir(const char *name);

/* Numbers get a decimal comma, from a locale that is installed or that localedef compiles into the
 * folder; the test is skipped where there is neither. */
void folder_comma_locale(void);

#endif
