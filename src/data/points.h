/* Points from text of which only some columns are values; the others may be text, or empty. */
#ifndef NF_DATA_POINTS_H
#define NF_DATA_POINTS_H

#include "nf/data.h"

/* Called once, when p->d and p->column are known: which columns are used; all are true before. It
 * may rename them. */
typedef int (*nf_points_choice)(nf_points *p, bool *used, void *context, nf_error *e);

/* As nf_points_read_csv; if a header names the columns, x is NaN in those that are not used. */
int nf_points_read_csv_chosen(const char *path, nf_points_choice choose, void *context,
                              nf_points *out, nf_error *e);

#endif
