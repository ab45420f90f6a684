/* Options, the clock, memory, and the end of a program that cannot go on. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void usage(const char *program, const char *about, const bench_option *options) {
  printf("usage: %s [--NAME VALUE]…\n%s\n\n", program, about);
  for (const bench_option *o = options; o->name != NULL; o++)
    if (o->min == BENCH_WORD)
      printf("  --%-10s %s\n", o->name, o->help);
    else
      printf("  --%-10s %s [%ld]\n", o->name, o->help, o->value);
}

/* The number of a word in "a|b|c", or -1 */
static long number_of_word(const char *words, const char *word) {
  const size_t length = strlen(word);
  for (long k = 0;; k++) {
    const size_t next = strcspn(words, "|");
    if (next == length && strncmp(words, word, length) == 0) return k;
    if (words[next] == '\0') return -1;
    words += next + 1;
  }
}

/* The option's value of this text, or -1 */
static long value_of(const bench_option *o, const char *text) {
  if (o->min == BENCH_WORD) return number_of_word(o->help, text);
  char *end;
  const long number = strtol(text, &end, 10);
  return end != text && *end == '\0' && number >= o->min && number <= 1000000 ? number : -1;
}

void bench_options(int argc, char **argv, const char *about, bench_option *options) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      usage(argv[0], about, options);
      exit(0);
    }
    bench_option *o = options;
    const char *value = NULL;
    for (; o->name != NULL; o++) {
      const size_t length = strlen(o->name);
      if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, o->name, length) != 0) continue;
      if (argv[i][2 + length] == '=') value = argv[i] + 3 + length;
      if (argv[i][2 + length] == '\0') value = i + 1 < argc ? argv[++i] : "";
      if (value != NULL) break;
    }
    const long number = value != NULL ? value_of(o, value) : -1;
    if (number < 0) {
      fprintf(stderr, "%s: %s: --help lists the options and their values\n", argv[0], argv[i]);
      exit(2);
    }
    o->value = number;
  }
}

void bench_print(const char *name, double value, const char *unit) {
  printf("%s,%.8g,%s\n", name, value, unit);
  fflush(stdout);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_seconds(void (*work)(void *user), void *user, double budget) {
  double best = 0;
  work(user);
  const double start = now();
  for (int run = 0; run < 3 || now() - start < budget; run++) {
    const double begin = now();
    work(user);
    const double took = now() - begin;
    if (run == 0 || took < best) best = took;
  }
  return best;
}

void bench_need(const nf_error *e) {
  if (e->status == NF_OK) return;
  fprintf(stderr, "bench: %s\n", e->message);
  exit(2);
}

void *bench_alloc(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (p != NULL) return p;
  fputs("bench: out of memory\n", stderr);
  exit(2);
}

double bench_peak_rss_mib(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)use.ru_maxrss / 1024;
}
