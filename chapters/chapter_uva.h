/* The flow of chapter 13 in plain loops, on the arrays of the state_dict as PyTorch has them, and
 * in wirings that others might have read into its description. */
#ifndef CHAPTER_UVA_H
#define CHAPTER_UVA_H

#include "io/safetensors.h"

enum {
  UVA_SIDE = 28,
  UVA_D = UVA_SIDE * UVA_SIDE,
  UVA_COUPLINGS = 8,
  UVA_STAGES = UVA_COUPLINGS + 3
};

/* What adds up to log p: dequantise with u = 1/2, logit, eight couplings, log N(z; 0, I); and z. */
typedef struct {
  double part[UVA_STAGES], log_p, z[UVA_D];
} uva_answer;

typedef enum {
  UVA_RIGHT,
  UVA_PARITY,     /* the even pixels pass first */
  UVA_SQUASH,     /* (1-α)z + α for (1-α)z + α/2 */
  UVA_UNBIASED,   /* Σ(r - mean)²/(c - 1) in the layer norm */
  UVA_SHIFT_LAST, /* z·eˢ + t for (z + t)·eˢ */
  UVA_UNDIVIDED,  /* f·tanh(s̃) for f·tanh(s̃/f) */
  UVA_EXCHANGED,  /* b·σ(a) for a·σ(b) */
  UVA_WIRINGS
} uva_wiring;

/* Ends the program when the file lacks a tensor. */
void uva_by_hand(const nf_safetensors *state_dict, const unsigned char pixel[UVA_D],
                 uva_wiring wiring, uva_answer *a);

/* Tensor flows.k.NAME of the state_dict. */
const double *uva_tensor(const nf_safetensors *state_dict, size_t k, const char *name);

#endif
