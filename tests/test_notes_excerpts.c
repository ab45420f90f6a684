/* What the documents quote is there: the output of programs and the lines of sources. */
#include "documents.h"

/* Where the lines of the block that opens on line i come from: the comment above it names a program
 * or a file. */
static FILE *open_source(const document *d, size_t i) {
  char what[120], command[300];
  const char *b = getenv("B"), *comment = i > 0 ? d->line[i - 1].text : "";
  if (sscanf(comment, "<!-- from %110[^ ] -->", what) == 1)
    snprintf(command, sizeof command, "cat '%s'", what);
  else if (sscanf(comment, "<!-- output of build/%110[a-z0-9_/ -]", what) == 1)
    snprintf(command, sizeof command, "'%s'/%.*s 2>&1", b ? b : "build", /* without the " --" */
             (int)strlen(what) - 3, what);
  else
    return NULL;
  return popen(command, "r");
}

/* Differences vary by machine and do not count: "difference 4e-16", or a last word 4e-16. */
static bool same_line(const char *shown, const char *line) {
  const char *varies = strstr(shown, "difference"), *word = strrchr(shown, ' ');
  int end = 0;
  if (varies == NULL && word != NULL) sscanf(word, " %*1de-%*2d%n", &end);
  if (end > 0 && word[end] == 0) varies = word;
  return varies != NULL ? strncmp(shown, line, (size_t)(varies - shown)) == 0
                        : strcmp(shown, line) == 0;
}

static bool is_gap(const char *shown) {
  shown += strspn(shown, " ");
  return strcmp(shown, "…") == 0 || strcmp(shown, "/* … */") == 0;
}

static bool goes_somewhere(const document *d, size_t i) {
  return i > 0 && strncmp(d->line[i - 1].text, "<!-- goes to ", 13) == 0;
}

/* A ```text block shows what a program prints, and a ```c block what stands in a source file, line
 * by line; where lines are left out it says so by a line "…". A block that goes to a file, which
 * does not have it yet, is compiled by test_readme_layer. */
static void test_excerpts(void **state) {
  enum { LINES = 4000 };
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const char *fence = d->line[i].fence;
    if (fence == NULL || document_fence(fence) != EXCERPT || goes_somewhere(d, i)) continue;
    FILE *f = open_source(d, i);
    if (f == NULL)
      fail_at(d, i, "above ```%s: <!-- output of build/… --> or <!-- from … -->", fence);
    char *source[LINES] = {NULL}, line[1000];
    size_t n = 0;
    for (; n < LINES && fgets(line, sizeof line, f) != NULL; n++) {
      line[strcspn(line, "\n")] = 0;
      source[n] = strdup(line);
    }
    pclose(f);
    size_t at = 0; /* in the source */
    bool gap = true;
    for (size_t k = i + 1; document_block(&d->line[k]) == EXCERPT; k++) {
      const char *shown = d->line[k].text;
      if (is_gap(shown)) {
        gap = true;
        continue;
      }
      while (gap && at < n && !same_line(shown, source[at])) at++;
      if (at == n || !same_line(shown, source[at]))
        fail_at(d, k, "this line is not there, or not here");
      at++;
      gap = false;
    }
    while (n > 0) free(source[--n]);
  }
}

int main(void) {
  const document_property property[] = {{"excerpts", test_excerpts, false}};
  return documents_run("notes", 1, property);
}
