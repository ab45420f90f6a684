#include "golden.h"

const golden_quantity *golden_find(const golden_file *g, const char *name) {
  for (size_t i = 0; i < g->n; i++)
    if (strcmp(g->q[i].name, name) == 0) return &g->q[i];
  return NULL;
}

static bool is_name(const char *s) {
  return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == 0;
}

void golden_read_lines(FILE *f, const char *path, golden_file *g) {
  char line[400], kind[16], rest[2];
  for (int n = 1; fgets(line, sizeof line, f); n++) {
    golden_quantity q;
    if (line[0] == '#' || line[strspn(line, " \n")] == 0) continue;
    if (sscanf(line, "%63s %15s %lf %lf %lf %1s", q.name, kind, &q.value, &q.atol, &q.rtol, rest) !=
        5)
      fail_msg("%s:%d: not `name kind value atol rtol`", path, n);
    if (!is_name(q.name)) fail_msg("%s:%d: bad name '%s'", path, n, q.name);
    if (strcmp(kind, "num") != 0 && strcmp(kind, "ref") != 0)
      fail_msg("%s:%d: kind '%s' is neither num nor ref", path, n, kind);
    if (!check_is_close(q.value, q.value, q.atol, q.rtol))
      fail_msg("%s:%d: value and tolerances must be finite", path, n);
    if (golden_find(g, q.name)) fail_msg("%s:%d: '%s' a second time", path, n, q.name);
    if (g->n == GOLDEN_MAX) fail_msg("%s: more than %d quantities", path, GOLDEN_MAX);
    g->q[g->n++] = q;
  }
}

golden_file *golden_read(const char *path) {
  golden_file *g = calloc(1, sizeof *g);
  FILE *f = fopen(path, "r");
  if (!g || !f) fail_msg("%s: cannot be read", path);
  golden_read_lines(f, path, g);
  fclose(f);
  return g;
}
