/* Status codes. The library never exits and never prints: a function that can fail
 * returns one of these, and leaves its outputs as they were unless it returns NF_OK. */
#ifndef NF_CORE_STATUS_H
#define NF_CORE_STATUS_H

typedef enum {
  NF_OK = 0,
  NF_ENOMEM,     /* an allocation failed */
  NF_ESHAPE,     /* a shape does not fit the layer */
  NF_EDOM,       /* an input lies outside the domain of the map */
  NF_ENONFINITE, /* a NaN or an infinity appeared */
  NF_ESINGULAR,  /* a matrix that must be invertible is not */
  NF_EINVAL,     /* a setting out of its range */
  NF_EIO,        /* a file could not be read or written */
  NF_EFORMAT     /* a file's content is not what its format says */
} nf_status;

/* One short English phrase for a status, never NULL. */
const char *nf_status_text(int status);

#endif
