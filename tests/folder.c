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
