/* What the documents name is there: the functions in the headers, the files and headings that links
 * lead to, the targets of make, the programs and the paths of the tree. */
#include <glob.h>

#include "documents.h"

static char *all_headers(void) {
  static char *text;
  if (text != NULL) return text;
  text = calloc(1, 1 << 21);
  glob_t headers;
  assert_int_equal(glob("src/*/*.h", 0, NULL, &headers), 0);
  for (size_t k = 0; k < headers.gl_pathc; k++) {
    char *one = document_slurp(headers.gl_pathv[k]);
    assert_non_null(one);
    strcat(text, one);
    free(one);
  }
  globfree(&headers);
  return text;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }
static bool has_word(const char *text, const char *word, size_t n) {
  for (const char *c = text; (c = strstr(c, word)) != NULL; c++)
    if ((c == text || !is_word(c[-1])) && !is_word(c[n])) return true;
  return false;
}

/* Every nf_… and NF_… in code stands in a header of src/. */
static void test_functions(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    for (const char *c = l->text; *c != 0; c++) {
      char word[80];
      if (l->part[c - l->text] != CODE || (c > l->text && is_word(c[-1]))) continue;
      if (strncmp(c, "nf_", 3) != 0 && strncmp(c, "NF_", 3) != 0) continue;
      sscanf(c, "%79[a-zA-Z0-9_]", word);
      if (word[3] == 0) continue; /* nf_… */
      if (!has_word(all_headers(), word, strlen(word))) fail_at(d, i, "no header has %s", word);
    }
  }
}

static bool has_anchor(const char *path, const char *anchor) {
  document *d = document_read(path);
  bool found = false;
  for (size_t i = 0; i < d->n && !found; i++) {
    char slug[200];
    if (d->line[i].level == 0) continue;
    document_slug(d->line[i].text, slug, sizeof slug);
    found = strcmp(slug, anchor) == 0;
  }
  document_free(d);
  return found;
}

/* A figure of build/plots is there when its script is. */
static bool exists(const char *path) {
  char name[80], script[120];
  if (sscanf(path, "build/plots/%79[a-z0-9_].png", name) != 1) return access(path, F_OK) == 0;
  snprintf(script, sizeof script, "plots/%s.gp", name);
  return access(script, F_OK) == 0;
}

/* Every relative link leads to a file, and every anchor to a heading of it. */
static void test_links(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++)
    for (const char *c = d->line[i].text; (c = strstr(c, "](")) != NULL; c++) {
      char path[300] = "", anchor[200] = "";
      if (d->line[i].part[c - d->line[i].text] != TARGET) continue;
      if (sscanf(c, "](%299[^#)]#%199[^)]", path, anchor) == 0) sscanf(c, "](#%199[^)]", anchor);
      if (strncmp(path, "http", 4) == 0) continue;
      if (path[0] != 0 && !exists(path)) fail_at(d, i, "there is no %s", path);
      if (anchor[0] != 0 && !has_anchor(path[0] != 0 ? path : d->path, anchor))
        fail_at(d, i, "no heading makes #%s", anchor);
    }
}

/* A line "target:" in one of the makefiles. */
static bool is_target(const char *word) {
  char rule[140];
  bool found = false;
  glob_t file;
  snprintf(rule, sizeof rule, "\n%s:", word);
  assert_int_equal(glob("Makefile", 0, NULL, &file), 0);
  assert_int_equal(glob("*/*.mk", GLOB_APPEND, NULL, &file), 0);
  for (size_t k = 0; k < file.gl_pathc && !found; k++) {
    char *text = document_slurp(file.gl_pathv[k]);
    assert_non_null(text);
    found = strstr(text, rule) != NULL;
    free(text);
  }
  globfree(&file);
  return found;
}

/* What stands in code can be found: the targets of make, the programs, the paths of the tree. */
static void test_words(void **state) {
  static const char *const room[] = {"src/",  "chapters/", "golden/", "plots/", "tests/",
                                     "data/", "tools/",    "bench/",  "book/",  NULL};
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    for (const char *c = l->text; *c != 0; c++) {
      char word[120], path[140];
      if (l->part[c - l->text] != CODE || (c > l->text && is_word(c[-1]))) continue;
      if (strncmp(c, "make ", 5) == 0)
        for (const char *t = c + 5 + strspn(c + 5, " "); islower((unsigned char)*t);
             t += strlen(word), t += strspn(t, " ")) {
          sscanf(t, "%110[a-z0-9_-]", word);
          if (t[strlen(word)] == '=') break;
          if (!is_target(word)) fail_at(d, i, "make has no target %s", word);
        }
      if (sscanf(c, "build/chapters/%100[a-z0-9_]", word) == 1) {
        snprintf(path, sizeof path, "chapters/%s.c", word);
        if (access(path, F_OK) != 0) fail_at(d, i, "there is no %s", path);
      }
      for (int k = 0; room[k] != NULL && (c == l->text || c[-1] != '/'); k++)
        if (strncmp(c, room[k], strlen(room[k])) == 0) {
          sscanf(c, "%119[a-zA-Z0-9_/.*-]", word);
          glob_t found;
          if (glob(word, 0, NULL, &found) != 0) fail_at(d, i, "there is no %s", word);
          globfree(&found);
        }
    }
  }
}

int main(void) {
  const document_property property[] = {{"functions", test_functions, false},
                                        {"links", test_links, false},
                                        {"targets, programs, paths", test_words, false}};
  return documents_run("notes", 3, property);
}
