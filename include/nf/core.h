/* What every part of the library shares: the version, the precision, errors, shapes, scratch memory
 * and random numbers.
 *
 * The library is built twice from one source: libnf calculates in double, for proofs, and libnf32
 * in float, for speed. A program that defines NF_FLOAT before it includes these headers must link
 * libnf32, any other libnf; the wrong one is a link error, "undefined reference to nf_precision_…".
 * `pkg-config --cflags --libs nf` or `nf32` gets it right. */
#ifndef NF_CORE_H
#define NF_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Around the declarations of every public header: C linkage, and visible in the shared library. */
#ifdef __cplusplus
#define NF_BEGIN_DECLS \
  extern "C" {         \
  _Pragma("GCC visibility push(default)")
#define NF_END_DECLS            \
  _Pragma("GCC visibility pop") \
  }
#else
#define NF_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define NF_END_DECLS   _Pragma("GCC visibility pop")
#endif

NF_BEGIN_DECLS

/* --- version ------------------------------------------------------------------------------- */

#define NF_VERSION_MAJOR 0
#define NF_VERSION_MINOR 2
#define NF_VERSION_PATCH 0
#define NF_VERSION       "0.2.0"

/* NF_VERSION of the library that is linked; compare with the header's. */
const char *nf_version(void);

/* --- precision ----------------------------------------------------------------------------- */

/* Data, parameters and samples are nf_real; log-dets, log-probabilities and losses are double in
 * both builds. */
#ifdef NF_FLOAT
typedef float nf_real;
#define NF_PRECISION nf_precision_float
#else
typedef double nf_real;
#define NF_PRECISION nf_precision_double
#endif
extern const char NF_PRECISION;
static const char *const nf_precision_of_this_file __attribute__((used)) = &NF_PRECISION;

/* --- errors -------------------------------------------------------------------------------- */

typedef enum {
  NF_OK = 0,
  NF_ENOMEM,     /* an allocation failed */
  NF_ESHAPE,     /* a shape does not fit */
  NF_EDOM,       /* an input lies outside the domain of the map */
  NF_ENONFINITE, /* a NaN or an infinity appeared */
  NF_ESINGULAR,  /* a matrix that must be invertible is not */
  NF_EINVAL,     /* a setting out of its range */
  NF_EBUSY,      /* the flow is in use by another caller */
  NF_EIO,        /* a file could not be read or written */
  NF_EFORMAT     /* a file's content is not what its format says */
} nf_status;

/* One short English phrase for a status, never NULL. */
const char *nf_status_text(int status);

enum { NF_MESSAGE = 1024 }; /* bytes of a message, its final zero included */

/* The library never exits and never prints. A function that can fail takes an nf_error last, and
 * returns its status (or NULL, where it makes an object). The first error stays: with an error in
 * *e a function does nothing but free what it was to own. So a program calls in a straight line
 * and looks once. Outputs of a call that failed are as they were. e may be NULL. */
typedef struct {
  int status;               /* an nf_status */
  char message[NF_MESSAGE]; /* one line: what was wrong, where, what would be right */
} nf_error;                 /* start from {0} */

/* Unless *e has an error already: sets it, with the message (printf; control characters become
 * '?'). Returns e's status, or `status` when e is NULL. For authors of layers. */
int nf_fail(nf_error *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline int nf_status_of(const nf_error *e) { return e != NULL ? e->status : NF_OK; }

/* --- shapes -------------------------------------------------------------------------------- */

/* A sample has h rows, w columns and c channels, row-major, channels last; a point of R^d is
 * (1, 1, d). */
typedef struct {
  size_t h, w, c;
} nf_shape;

static inline nf_shape nf_point(size_t d) {
  const nf_shape s = {1, 1, d};
  return s;
}
static inline nf_shape nf_image(size_t h, size_t w, size_t c) {
  const nf_shape s = {h, w, c};
  return s;
}
/* D = h·w·c */
static inline size_t nf_shape_size(nf_shape s) { return s.h * s.w * s.c; }
static inline size_t nf_shape_pixels(nf_shape s) { return s.h * s.w; }
static inline bool nf_shape_equal(nf_shape a, nf_shape b) {
  return a.h == b.h && a.w == b.w && a.c == b.c;
}
/* Every side is at least 1 and D at most 2^24. */
bool nf_shape_valid(nf_shape s);

/* --- scratch memory ------------------------------------------------------------------------ */

/* Given back, all at once, when the function that was called with it returns. */
typedef struct nf_arena nf_arena;

/* count values, 64-byte aligned, uninitialised; NULL when memory is out or the size overflows. */
nf_real *nf_arena_alloc(nf_arena *a, size_t count);
double *nf_arena_alloc_double(nf_arena *a, size_t count);
void *nf_arena_alloc_bytes(nf_arena *a, size_t count);

/* --- random numbers ------------------------------------------------------------------------ */

/* A pure function of (seed, stream, index), by Philox 4×32-10 (Salmon et al. 2011): the same in any
 * order and on any thread.
 * bits: 64 random bits.   uniform: in (0, 1), never 0 and never 1.
 * normal: N(0, 1) by Box and Muller, |value| < 8.6. */
uint64_t nf_random_bits(uint64_t seed, uint64_t stream, uint64_t index);
double nf_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);
double nf_random_normal(uint64_t seed, uint64_t stream, uint64_t index);
/* out[i·d + k] = nf_random_normal(seed, stream + i, index + k), (n, d). In float it is computed in
 * float, by vectors: to 4 ε of max(1, |value|). */
void nf_random_normals(uint64_t seed, uint64_t stream, uint64_t index, size_t n, size_t d,
                       nf_real *out);

/* A sequence: start from {seed, stream, 0}. */
typedef struct {
  uint64_t seed, stream, index;
} nf_random;
double nf_random_next_uniform(nf_random *r);
double nf_random_next_normal(nf_random *r);
/* out[0 … n) becomes a permutation of 0 … n-1 (Fisher and Yates). */
void nf_random_permutation(nf_random *r, size_t n, size_t *out);

NF_END_DECLS

#endif
