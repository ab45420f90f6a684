/* A PyTorch state_dict of a single-scale flow with gated networks on 3×5×2 pixels, with random
 * values, and the table by which nf_import reads it. */
#ifndef NF_TESTS_IMPORT_DICT_H
#define NF_TESTS_IMPORT_DICT_H

#include "folder.h"
#include "io/safetensors.h"
#include "nf/nf.h"

enum { H = 3, W = 5, C = 2, PIXELS = H * W, D = PIXELS * C, WIDTH = 3, BLOCKS = 2, COUPLINGS = 3 };
enum { TENSORS = COUPLINGS * (1 + 2 + 6 * BLOCKS + 2), VALUES = 4096 };
enum { IN = 1, BLOCK = 3, OUT = 3 + 6 * BLOCKS }; /* of the tensors of a coupling */
enum { WHOLE = TENSORS / COUPLINGS };

extern nf_saved_tensor dict[TENSORS];
extern double value[TENSORS][VALUES]; /* of its tensors, in PyTorch's order of axes */
int make_dict(void **state);          /* and the folder: for the setup of a group */

extern const char table_settings[],
    table_lines[]; /* the two parts of the table, lines 1 to 15 and from 16 */
/* The text of the tensors' lines, one of them replaced by another. */
const char *with_line(size_t line, const char *other);

/* The table is `first` and then `then`; the dict has n of the tensors. */
void write_table(const char *first, const char *then);
void write_dict(size_t n, const nf_saved_tensor tensor[]);
nf_flow *import(nf_error *e);

#endif
