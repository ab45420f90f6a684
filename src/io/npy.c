/* The format is numpy.org/doc/stable/reference/generated/numpy.lib.format.html; src/data/npy.c
 * reads it. The header is padded with blanks so that the values begin at a multiple of 64. */
#include "io/npy.h"

#include <stdio.h>

#include "io/file.h"

static void write_header(FILE *f, size_t rank, const size_t dim[]) {
  enum { BEGIN = 10, SIZE = 512 - BEGIN };
  char text[SIZE] = "";
  int n = snprintf(text, SIZE, "{'descr': '<f%d', 'fortran_order': False, 'shape': (",
                   (int)sizeof(nf_real));
  for (size_t i = 0; i < rank; i++) n += snprintf(text + n, SIZE - (size_t)n, "%zu,", dim[i]);
  n += snprintf(text + n, SIZE - (size_t)n, ")}");
  const int size = (BEGIN + n + 1 + 63) / 64 * 64 - BEGIN;
  fwrite("\x93NUMPY\1\0", 1, 8, f);
  fputc(size % 256, f), fputc(size / 256, f);
  fprintf(f, "%-*s\n", size - 1, text);
}

int nf_npy_write(const char *path, size_t rank, const size_t dim[], const nf_real *x, nf_error *e) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, e);
  if (status != NF_OK) return status;
  size_t n = 1;
  for (size_t i = 0; i < rank; i++) n *= dim[i];
  write_header(f.file, rank, dim);
  nf_write_values(f.file, n, x);
  return nf_new_file_close(&f, status, e);
}
