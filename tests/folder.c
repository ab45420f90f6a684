#include "folder.h"

char folder[512];

int folder_make(void **state) {
  (void)state;
  const char *top = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/nf_test_XXXXXX", top != NULL && *top != 0 ? top : "/tmp");
  return mkdtemp(folder) == NULL ? -1 : 0;
}

/* remove() takes files and links at once, and a folder once it is empty. */
int folder_remove_path(const char *path) {
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

int folder_remove(void **state) {
  (void)state;
  return folder_remove_path(folder);
}

const char *folder_path(const char *name) {
  static char path[4][1024];
  static unsigned turn;
  turn = (turn + 1) % 4;
  assert_true(folder[0] != 0); /* else the path would be in / */
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

void folder_write(const char *name, const void *bytes, size_t size) {
  FILE *f = fopen(folder_path(name), "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
}

void folder_mkdir(const char *name) { assert_int_equal(mkdir(folder_path(name), 0755), 0); }

/* Numbers alone, and ASCII: so it takes none of the sources that glibc's locales are made of. */
static const char comma_locale[] =
    "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";
static const char ascii[] = "<escape_char> /\nCHARMAP\n<U0000>..<U007F> /x00 ASCII\nEND CHARMAP\n";

void folder_comma_locale(void) {
  char command[2048];
  if (setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL) return;
  folder_write("locale", comma_locale, sizeof comma_locale - 1);
  folder_write("ascii", ascii, sizeof ascii - 1);
  snprintf(command, sizeof command,
           "cd '%s' && localedef -c -i locale -f ./ascii ./comma_locale 2>/dev/null", folder);
  if (system(command) != -1 && setenv("LOCPATH", folder, 1) == 0 &&
      setlocale(LC_NUMERIC, "comma_locale") != NULL)
    return;
  print_message("no locale with a decimal comma: skipped\n");
  skip();
}
