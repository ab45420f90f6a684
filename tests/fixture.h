/* What several tests start from: small flows, their samples, and short trainings. */
#ifndef NF_TESTS_FIXTURE_H
#define NF_TESTS_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "flow/flow.h"
#include "nf/nf.h"
#include "train/trainer.h"

enum { SEED = 7, MAX_VALUES = 4096 };

bool bits_equal(size_t n, const nf_real *a, const nf_real *b);

/* --- flows that are not the identity -------------------------------------------------------- */

/* The flow of b, whose trainable tensors are moved by `amount` (catalogue.h); takes b. */
nf_flow *moved_flow(nf_bijector *b, double amount);
/* Glow on 4×4×2 images, two levels with a learned prior: every kind of layer but preprocessing. */
nf_flow *small_glow(void);
/* x (n, D) = 2·N(0, 1) + 1; n·D ≤ MAX_VALUES */
void normal_samples(const nf_flow *f, size_t n, nf_real *x);

/* --- models, with samples and a training of each -------------------------------------------- */

extern const nf_model image; /* Glow on 4×4×1 pixels, with all that a model can have */
extern const nf_model point; /* RealNVP on R³ */
extern const nf_model gated; /* single-scale with gated networks on 3×5×1 pixels */

enum { SAMPLES = 16 };
/* SAMPLES samples that fit the model, good until the next call; others for each `draw`. */
const nf_real *samples(const nf_model *m, uint64_t draw);
/* A flow of the model, initialised from samples(m, 0). */
nf_flow *new_flow(const nf_model *m);
/* Plateau schedule, clipping and an average: everything that a training carries. */
nf_train_settings settings(void);
nf_trainer *new_trainer(nf_flow *flow);
void train(nf_trainer *t, const nf_model *m, int steps);

/* --- a training on two moons ---------------------------------------------------------------- */

nf_train_settings moons_settings(void);
/* The trainer, and its flow, of a small Glow on R²; trainer_free frees both. */
nf_trainer *moons_trainer(int threads, const nf_train_settings *set);
/* Steps until t has done `until` of them, with its own loss as a validation loss every 4. */
void moons_train(nf_trainer *t, uint64_t until);
void trainer_free(nf_trainer *t);

/* Of all that determines the further training, bit for bit, the flow's two arrays and the
 * trainer's: what differs, or NULL. */
const char *training_difference(const nf_trainer *a, const nf_trainer *b);
void check_same_training(const nf_trainer *a, const nf_trainer *b);
void copy_training(nf_trainer *to, const nf_trainer *from);

#endif
