/* The flow of chapter 13 by the library's layers, which data/uva/mnist_flow.table fills with the
 * arrays of the state_dict (NOTES 13.1-13.3); pixels are dequantised with u = 1/2. */
#ifndef CHAPTER_IMPORTED_H
#define CHAPTER_IMPORTED_H

#include "chapter_uva.h"
#include "nf/nf.h"

typedef struct {
  nf_flow *from_pixels; /* with noise of its own */
  nf_flow *from_values; /* the same weights, from values in (0, 1) */
  nf_safetensors state_dict;
} imported;

/* Ends the program when a file cannot be read. */
void imported_load(imported *m);

/* x = (k + 1/2)/256 */
void imported_values(const unsigned char pixel[UVA_D], double x[UVA_D]);
/* Layer by layer, as uva_by_hand */
void imported_by_layers(const imported *m, const unsigned char pixel[UVA_D], uva_answer *a);
/* The largest |f⁻¹(f(x)) - x| in pixels, 0 … 255 */
double imported_round_trip(const imported *m, const unsigned char pixel[UVA_D]);

#endif
