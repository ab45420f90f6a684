/* The table of nf_import: how another program's tensors become those of a flow. A line is one of
 *
 *   # a comment
 *   KEY = VALUE                a setting of the model, as in the metadata of a checkpoint
 *   PATH <- NAME [AXES]        a tensor of the flow is one of the state_dict, axes in this order
 *   unused <- NAME             a tensor of the state_dict that the flow does not need
 *
 * `*` in PATH is any whole number; {*}, {*+1} and {*-1} in NAME are that number and its neighbours,
 * and {1,3,5} says that three tensors follow each other along the first axis. `*` in an unused NAME
 * is any number, too. */
#ifndef NF_IO_IMPORT_TABLE_H
#define NF_IO_IMPORT_TABLE_H

#include "io/safetensors.h"

enum { NF_IMPORT_NAME = 256 };

typedef struct {
  size_t number;                                             /* of the line, from 1 */
  bool used;                                                 /* set by nf_import */
  char path[NF_IMPORT_NAME], name[NF_IMPORT_NAME], axes[32]; /* axes "": as they are */
} nf_import_line;

typedef struct {
  size_t n;
  nf_import_line *line;    /* of tensors, those that are unused among them */
  nf_safetensors settings; /* metadata alone */
} nf_import_table;         /* start from {0} */

/* path "-": standard input.   errors  NF_EIO, NF_EFORMAT, NF_ENOMEM */
int nf_import_table_read(const char *path, nf_import_table *out, nf_error *e);
void nf_import_table_free(nf_import_table *t);

/* Whether text is the pattern with a whole number for `*`; the number, if there is a `*`. */
bool nf_import_matches(const char *pattern, const char *text, uint64_t *number);
/* Name k = 0, 1, … of those that the name of a line stands for at this number; false when there are
 * fewer. */
bool nf_import_name(const char *name, uint64_t number, size_t k, char out[NF_IMPORT_NAME]);

#endif
