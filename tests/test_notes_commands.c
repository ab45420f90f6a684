/* The commands in the documents work as they are written: each line of a ```sh block, and each
 * `code span` that runs a program or make. They run in a copy of the tree, one after the other,
 * where build/ is the build under test; a command must end with status 0. A target of make is only
 * looked at (make -n), for it may be the one that runs this test. A comment above a block or behind
 * a span says which are not run:
 *
 *   <!-- slow: trains for a minute -->    not here, but with FULL=1, by make check-full
 *   <!-- not run: needs CIFAR-10 -->      by nobody; it counts as skipped */
#include <sys/wait.h>

#include "documents.h"
#include "folder.h"

typedef struct {
  char text[600], where[60], reason[80]; /* reason "" for a command that runs */
} command;

enum { MOST = 200 };
static command all[MOST];
static size_t n;

static void add(const document *d, size_t i, const char *text, size_t length, const char *mark) {
  command c = {"", "", ""};
  if (n == MOST || length >= sizeof c.text) abort();
  snprintf(c.text, sizeof c.text, "%.*s", (int)length, text);
  snprintf(c.where, sizeof c.where, "%s:%zu", d->path, i + 1);
  if (sscanf(mark, "<!-- slow: %79[^>]", c.reason) == 1 && getenv("FULL") != NULL) c.reason[0] = 0;
  sscanf(mark, "<!-- not run: %79[^>]", c.reason);
  char *end = strstr(c.reason, " --");
  if (end != NULL) *end = 0;
  for (size_t k = 0; k < n; k++) /* another document has it, too */
    if (strcmp(all[k].text, c.text) == 0 && strcmp(all[k].reason, c.reason) == 0) return;
  all[n++] = c;
}

/* The lines of the block that opens on line i; a \ at the end goes on. */
static void add_block(const document *d, size_t i) {
  char text[600] = "";
  const char *mark = i > 0 ? d->line[i - 1].text : "";
  for (size_t k = i + 1; d->line[k].part[0] != FENCE; k++) {
    const char *rest = d->line[k].text;
    if (text[0] != 0) rest += strspn(rest, " ");
    strncat(text, rest, sizeof text - 1 - strlen(text));
    const size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '\\') {
      text[length - 1] = 0;
      continue;
    }
    if (length > 0) add(d, k, text, length, mark);
    text[0] = 0;
  }
}

/* A chapter; nf with an option, for `build/nf train` only names it; make; a script. */
static bool is_command(const char *span, size_t length) {
  const char *option = strstr(span, " -");
  if (strncmp(span, "build/nf ", 9) == 0) return option != NULL && option < span + length;
  return strncmp(span, "build/chapters/ch", 17) == 0 || strncmp(span, "build/tests/", 12) == 0 ||
         strncmp(span, "make ", 5) == 0 || strncmp(span, "sh ", 3) == 0;
}

static void add_spans(const document *d, size_t i) {
  const document_line *l = &d->line[i];
  for (const char *c = l->text; (c = strchr(c, '`')) != NULL;) {
    const size_t length = strcspn(c + 1, "`");
    if (l->part[c - l->text] == CODE && is_command(c + 1, length))
      add(d, i, c + 1, length, c + length + 2);
    c += length + 1 + (c[length + 1] != 0);
  }
}

static void add_all(const document *d) {
  for (size_t i = 0; i < d->n; i++) {
    const char *fence = d->line[i].fence;
    if (fence != NULL && (strcmp(fence, "sh") == 0 || *fence == 0)) add_block(d, i);
    if (document_block(&d->line[i]) == PROSE) add_spans(d, i);
  }
}

/* The tree without what is built, and build/ as a link to B. */
static int make_copy(void **state) {
  static const char copy[] =
      "for f in *; do [ \"$f\" = build ] || cp -R \"$f\" \"$TO/\" || exit; done;"
      "ln -s \"$(cd \"${B:-build}\" && pwd)\" \"$TO/build\"";
  if (folder_make(state) != 0 || setenv("TO", folder, 1) != 0) return -1;
  return system(copy);
}

static void test_command(void **state) {
  const command *c = *state;
  char line[1500], said[2000] = "";
  const bool dry = strncmp(c->text, "make", 4) == 0;
  if (c->reason[0] != 0) {
    print_message("%s: %s: %s\n", c->where, c->text, c->reason);
    skip();
  }
  snprintf(line, sizeof line,
           "cd '%s' && { unset MAKEFLAGS MFLAGS MAKELEVEL B; timeout 300 %s%s; } > said 2>&1",
           folder, dry ? "make -n" : "", c->text + (dry ? 4 : 0));
  const int status = system(line);
  if (status == 0) return;
  FILE *f = fopen(folder_path("said"), "r");
  if (f != NULL) said[fread(said, 1, sizeof said - 1, f)] = 0;
  fail_msg("%s: %s: exit status %d: %s", c->where, c->text, WEXITSTATUS(status), said);
}

int main(void) {
  static struct CMUnitTest test[MOST];
  for (int i = 0; i < DOCUMENTS; i++) {
    if (!document_exists(i)) continue;
    document *d = document_read(documents[i]);
    add_all(d);
    document_free(d);
  }
  for (size_t k = 0; k < n; k++)
    test[k] = (struct CMUnitTest){all[k].text, test_command, NULL, NULL, &all[k]};
  return _cmocka_run_group_tests("notes", test, n, make_copy, folder_remove);
}
