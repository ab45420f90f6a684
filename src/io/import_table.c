#include "io/import_table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

enum { LINES = 1024, TEXT = 1024 };

static int bad_line(const char *path, size_t number, const char *what, nf_error *e) {
  return nf_fail(e, NF_EFORMAT,
                 "%s: line %zu: %s; a line is KEY = VALUE, PATH <- NAME [AXES] or unused <- NAME",
                 path, number, what);
}

static int read_setting(const char *path, size_t number, const char *key, const char *value,
                        nf_import_table *out, nf_error *e) {
  json_t *all = json_object_get(out->settings.header, "__metadata__");
  if (json_object_get(all, key) != NULL)
    return bad_line(path, number, "the setting is given twice", e);
  if (json_object_set_new(all, key, json_string(value)) == 0) return NF_OK;
  return bad_line(path, number, "not in UTF-8", e);
}

static int read_line(const char *path, size_t number, const char *text, nf_import_table *out,
                     nf_error *e) {
  char left[NF_IMPORT_NAME], sign[4], right[NF_IMPORT_NAME], axes[32] = "", rest[2];
  const int n = sscanf(text, "%255s %3s %255s %31s %1s", left, sign, right, axes, rest);
  if (n <= 0 || left[0] == '#') return NF_OK;
  if (n == 3 && strcmp(sign, "=") == 0) return read_setting(path, number, left, right, out, e);
  if (n < 3 || n > 4 || strcmp(sign, "<-") != 0) return bad_line(path, number, "not understood", e);
  if (out->n == LINES) return nf_fail(e, NF_EFORMAT, "%s: more than %d tensors", path, LINES);
  nf_import_line *line = &out->line[out->n++];
  *line = (nf_import_line){.number = number};
  strcpy(line->path, left);
  strcpy(line->name, right);
  strcpy(line->axes, axes);
  return NF_OK;
}

static int read_lines(const char *path, nf_import_table *out, nf_error *e) {
  char text[TEXT];
  const bool standard = strcmp(path, "-") == 0;
  FILE *f = standard ? stdin : fopen(path, "r");
  if (f == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  int status = NF_OK;
  for (size_t number = 1; status == NF_OK && fgets(text, sizeof text, f) != NULL; number++) {
    if (number == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0) memset(text, ' ', 3); /* a BOM */
    if (strchr(text, '\n') == NULL && !feof(f))
      status = bad_line(path, number, "too long, or no text", e);
    else
      status = read_line(path, number, text, out, e);
  }
  if (status == NF_OK && ferror(f)) status = nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  if (!standard) fclose(f);
  return status;
}

int nf_import_table_read(const char *path, nf_import_table *out, nf_error *e) {
  out->settings.header = json_pack("{s:{}}", "__metadata__");
  out->line = malloc(LINES * sizeof *out->line);
  if (out->settings.header != NULL && out->line != NULL) return read_lines(path, out, e);
  return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
}

void nf_import_table_free(nf_import_table *t) {
  nf_safetensors_free(&t->settings);
  free(t->line);
  *t = (nf_import_table){0};
}

bool nf_import_matches(const char *pattern, const char *text, uint64_t *number) {
  const char *star = strchr(pattern, '*');
  if (star == NULL) return strcmp(pattern, text) == 0;
  const size_t before = (size_t)(star - pattern);
  if (strncmp(pattern, text, before) != 0) return false;
  char digits[24];
  const size_t n = strspn(text + before, "0123456789");
  if (n == 0 || n >= sizeof digits || strcmp(star + 1, text + before + n) != 0) return false;
  memcpy(digits, text + before, n);
  digits[n] = 0;
  return nf_read_whole(digits, 1000000, number);
}

/* Item k of a list "1,3,5" of n bytes; false behind its end. */
static bool item(const char *list, size_t n, size_t k, char out[NF_IMPORT_NAME]) {
  const char *end = list + n;
  for (; k > 0; k--) {
    while (list < end && *list != ',') list++;
    if (list == end) return false;
    list++;
  }
  size_t length = 0;
  while (list + length < end && list[length] != ',') length++;
  memcpy(out, list, length);
  out[length] = 0;
  return true;
}

bool nf_import_name(const char *name, uint64_t number, size_t k, char out[NF_IMPORT_NAME]) {
  bool list = false;
  size_t length = 0;
  while (*name != 0 && length < NF_IMPORT_NAME - 32) {
    const size_t n = *name == '{' ? strcspn(name, "}") : 0;
    char text[NF_IMPORT_NAME] = "";
    if (n == 0) {
      out[length++] = *name++;
      continue;
    }
    if (name[1] == '*') {
      const uint64_t shift = (uint64_t)strtoll(name + 2, NULL, 10); /* of any size, to wrap */
      snprintf(text, sizeof text, "%lld", (long long)(number + shift));
    } else {
      list = true;
      if (!item(name + 1, n - 1, k, text)) return false;
    }
    length += (size_t)snprintf(out + length, NF_IMPORT_NAME - length, "%.30s", text);
    name += n + (name[n] == '}');
  }
  out[length] = 0;
  return list || k == 0;
}
