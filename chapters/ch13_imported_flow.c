/* Chapter 13 (NOTES (13.1)-(13.9)). The MNIST flow of the University of Amsterdam, whose weights
 * others trained with PyTorch, three times: in plain loops on the arrays of its state_dict, with
 * the library's layers, which data/uva/mnist_flow.table fills with them, and by PyTorch itself
 * (golden/ch13_imported_flow.py).
 *
 *   z = (k + u)/256,  z ← (1-α)z + α/2,  z ← log z - log(1-z);  eight times  z ← (z + t)·eˢ
 *
 * Two images are made here; those of MNIST's test set come from the reader's files: --mnist. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chapter.h"
#include "chapter_imported.h"
#include "flow/flow.h"

enum { SIDE = UVA_SIDE, D = UVA_D, STAGES = UVA_STAGES };

static chapter_option option[] = {
    {"mnist", "DIR", "folder of t10k-images-idx3-ubyte, plain or .gz: log p of MNIST's test images",
     NULL},
    {"range", "A:B", "the images A … B-1 of them [0:3]", NULL},
    {0}};
enum { MNIST, RANGE };

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */
static imported library;

/* --- the file --------------------------------------------------------------------------------- */

static void show_file(void) {
  double wrong = 0;
  for (size_t k = 1; k <= UVA_COUPLINGS; k++)
    for (size_t p = 0; p < D; p++)
      wrong += uva_tensor(&library.state_dict, k, "mask")[p] !=
               (double)((p / SIDE + p % SIDE + k) % 2 == 0);
  chapter_section("The file");
  chapter_value("parameters", (double)nf_flow_n_param(library.from_pixels),
                "in 176 tensors, beside 8 masks");
  chapter_value("mask_differs", wrong, "mask pixels that are not (row + column + k) even");
  chapter_claim("the checkerboards of the model", 0, 0);
}

/* --- two images that need no file ------------------------------------------------------------- */

/* The first of the embedded 8×8 digits, a 0: a pixel becomes 3×3, with 2 black ones around. */
static void digit(unsigned char pixel[D]) {
  nf_images digits = {0};
  nf_images_digits(&digits, &e);
  chapter_need(&e);
  for (size_t i = 2; i < SIDE - 2; i++)
    for (size_t j = 2; j < SIDE - 2; j++)
      pixel[i * SIDE + j] =
          (unsigned char)((digits.pixel[(i - 2) / 3 * 8 + (j - 2) / 3] * 255 + 8) / 16);
  nf_images_free(&digits);
}

/* A ring of white pixels, 6 to 9 from the centre. */
static void ring(unsigned char pixel[D]) {
  for (size_t i = 0; i < SIDE; i++)
    for (size_t j = 0; j < SIDE; j++) {
      const long dy = 2 * (long)i - 27, dx = 2 * (long)j - 27, squared = dx * dx + dy * dy;
      pixel[i * SIDE + j] = squared >= 12 * 12 && squared <= 18 * 18 ? 255 : 0;
    }
}

enum { DIGIT, RING, IMAGES };
static unsigned char image[IMAGES][D];

static void set_up(void) {
  imported_load(&library);
  digit(image[DIGIT]);
  ring(image[RING]);
}

static double bits(double nats) { return -nats / (D * log(2)); }

/* --- what adds up to log p -------------------------------------------------------------------- */

/* By PyTorch, of both images, stage by stage and log p: golden/ch13_imported_flow.py */
static const double pytorch[IMAGES][STAGES + 1] = {
    {-4347.419116472, 3489.035572184, 252.9873716605, 118.0425372647, 164.1762463069,
     71.70379043314, -523.8382516745, -354.5881726372, -34.86763424046, 46.09055165131,
     -1110.83516033, -2229.512265853},
    {-4347.419116472, 4890.378670297, 318.9736637792, 258.6902586855, 302.7942393034, 147.138509578,
     -565.2423607339, -379.3200541569, -116.4631246713, 18.07185056498, -985.5644101176,
     -457.9618739439}};

static const char *const stage[STAGES] = {"dequantise", "logit",      "coupling_1", "coupling_2",
                                          "coupling_3", "coupling_4", "coupling_5", "coupling_6",
                                          "coupling_7", "coupling_8", "base"};

static void show_stages(void) {
  static uva_answer hand[IMAGES], layers[IMAGES];
  static const char *const which[] = {"digit", "ring"};
  for (int n = 0; n < IMAGES; n++) {
    uva_by_hand(&library.state_dict, image[n], UVA_RIGHT, &hand[n]);
    imported_by_layers(&library, image[n], &layers[n]);
  }
  chapter_section("Two images, u = 1/2: what adds up to log p, in nats");
  chapter_table("stage", 4, (const char *[]){"a digit", "library", "a ring", "library"});
  for (size_t i = 0; i <= STAGES; i++) {
    chapter_row("%s", i < STAGES ? stage[i] : "log p");
    for (int n = 0; n < IMAGES; n++) {
      const double by_hand = i < STAGES ? hand[n].part[i] : hand[n].log_p;
      const double by_library = i < STAGES ? layers[n].part[i] : layers[n].log_p;
      chapter_cell(chapter_name("%s_%s", which[n], i < STAGES ? stage[i] : "log_p"), by_hand);
      chapter_claim("the library", by_library, 1e-8);
      chapter_claim("PyTorch", pytorch[n][i], 1e-8);
      chapter_cell_unrecorded(by_library);
    }
  }
  for (int n = 0; n < IMAGES; n++) {
    chapter_value(chapter_name("%s_bits_per_dim", which[n]), bits(hand[n].log_p),
                  "-log p/(784·log 2)");
    chapter_unrecorded(chapter_name("%s_round_trip", which[n]),
                       imported_round_trip(&library, image[n]),
                       "largest |f⁻¹(f(x)) - x|, of pixels 0 … 255");
    chapter_claim("an exact inverse", 0, 1e-4);
  }
}

/* --- what other wirings would give ------------------------------------------------------------ */

static void show_wirings(void) {
  static const struct {
    const char *name, *formula;
  } wrong[UVA_WIRINGS] = {
      [UVA_PARITY] = {"wrong_mask_parity", "the even pixels pass first"},
      [UVA_SQUASH] = {"wrong_alpha_not_halved", "(1-α)z + α for (1-α)z + α/2"},
      [UVA_UNBIASED] = {"wrong_norm_unbiased", "Σ(r - mean)²/(w-1) in the layer norm"},
      [UVA_SHIFT_LAST] = {"wrong_shift_last", "z·eˢ + t for (z + t)·eˢ"},
      [UVA_UNDIVIDED] = {"wrong_not_divided", "f·tanh(s̃) for f·tanh(s̃/f)"},
      [UVA_EXCHANGED] = {"wrong_gate_exchanged", "b·σ(a) for a·σ(b)"}};
  static uva_answer a;
  chapter_section("The ring in other wirings: log p, in nats");
  for (int w = UVA_RIGHT + 1; w < UVA_WIRINGS; w++) {
    uva_by_hand(&library.state_dict, image[RING], (uva_wiring)w, &a);
    chapter_value(wrong[w].name, a.log_p, wrong[w].formula);
  }
}

/* --- MNIST's test images ---------------------------------------------------------------------- */

/* The first three test images, by the sum of their pixels, and log p that the weights' authors'
 * program gives in double precision. */
static const struct {
  unsigned sum;
  double log_p;
} known[] = {{18454, -654.838402659}, {28850, -702.951323392}, {9871, -558.310003134}};
enum { KNOWN = sizeof known / sizeof *known, BLOCK = 64 };
/* Of the first by stage: dequantise, logit with its squash, couplings 1 to 8, base. */
static const double known_stage[STAGES] = {
    -4347.419116472, 4497.962459332, 334.690593340, 271.119961534, 285.446622425, 157.031157171,
    -521.892121100,  -367.122265589, -37.086924716, 33.969553146,  -961.538321729};

static bool is_known(const nf_images *set, size_t i) {
  unsigned sum = 0;
  for (size_t p = 0; i < KNOWN && p < D; p++) sum += set->pixel[i * D + p];
  return i < KNOWN && sum == known[i].sum;
}

static void read_mnist(const char *folder, nf_images *set) {
  char name[4096];
  snprintf(name, sizeof name, "idx:%s/t10k-images-idx3-ubyte.gz", folder);
  if (access(name + 4, F_OK) != 0) name[strlen(name) - 3] = 0;
  nf_images_load(name, set, &e);
  chapter_need(&e);
  if (!nf_shape_equal(set->shape, nf_flow_shape(library.from_pixels)) || set->bins != 256)
    chapter_fail("%s: images of %zu×%zu×%zu; the flow takes 28×28×1", name + 4, set->shape.h,
                 set->shape.w, set->shape.c);
}

/* A:B with 0 ≤ A < B ≤ n */
static void read_range(const char *text, size_t n, size_t *first, size_t *end) {
  char digits[2][12] = {"", ""}, rest = 0;
  const bool two = sscanf(text, "%10[0-9]:%10[0-9]%c", digits[0], digits[1], &rest) == 2;
  *first = (size_t)strtoull(digits[0], NULL, 10);
  *end = (size_t)strtoull(digits[1], NULL, 10);
  if (!two || *first >= *end || *end > n)
    chapter_fail("--range is '%s'; it must be A:B with A < B, both from 0 to %zu", text, n);
}

/* The first image stage by stage. */
static void show_first(const nf_images *set) {
  static uva_answer a;
  imported_by_layers(&library, set->pixel, &a);
  chapter_section("The first test image, u = 1/2: what adds up to log p, in nats");
  chapter_table("stage", 1, (const char *[]){"library"});
  for (size_t i = 0; i < STAGES; i++) {
    chapter_row("%s", stage[i]);
    chapter_cell_unrecorded(a.part[i]);
    chapter_claim("the authors' program", known_stage[i], 1e-6);
  }
  chapter_unrecorded("round_trip", imported_round_trip(&library, set->pixel),
                     "largest |f⁻¹(f(x)) - x|");
  chapter_claim("an exact inverse", 0, 1e-4);
}

static void show_mnist(void) {
  static double x[BLOCK * D], log_p[BLOCK];
  nf_images set = {0};
  size_t first, end;
  read_mnist(option[MNIST].value, &set);
  read_range(option[RANGE].value != NULL ? option[RANGE].value : "0:3", set.n, &first, &end);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  nf_flow_set_threads(library.from_values, cores > 1 && cores < 1024 ? (int)cores : 1, &e);
  if (first == 0 && is_known(&set, 0)) show_first(&set);
  chapter_section("log p of MNIST's test images, u = 1/2, in nats");
  for (size_t begin = first; begin < end; begin += BLOCK) {
    const size_t n = end - begin < BLOCK ? end - begin : BLOCK;
    for (size_t i = 0; i < n; i++) imported_values(set.pixel + (begin + i) * D, x + i * D);
    nf_flow_log_prob(library.from_values, n, x, log_p, &e);
    chapter_need(&e);
    for (size_t i = begin; i < begin + n; i++) {
      chapter_value(chapter_name("log_p_%zu", i), log_p[i - begin] - D * log(256), NULL);
      if (is_known(&set, i)) chapter_claim("the authors' program", known[i].log_p, 1e-6);
    }
  }
  nf_images_free(&set);
}

/* --- columns for figures ---------------------------------------------------------------------- */

/* Draws M; the bound (6.3) of the ring's bits/dim, a mean over 64/M groups; its standard error */
static void plot_draws(void) {
  enum { DRAWS = 64 };
  double x[D], log_p[DRAWS];
  set_up();
  for (size_t p = 0; p < D; p++) x[p] = image[RING][p];
  nf_batch batch = nf_flow_batch(library.from_pixels, 1, x);
  for (size_t k = 0; k < DRAWS; k++) {
    batch.draw = k;
    nf_flow_log_prob_batch(library.from_pixels, &batch, &log_p[k], &e);
  }
  chapter_need(&e);
  for (size_t k = 1; k <= DRAWS / 4; k *= 2) {
    chapter_moments bounds = {0};
    for (size_t i = 0; i < DRAWS; i += k) {
      double largest = log_p[i], weights = 0;
      for (size_t j = i; j < i + k; j++) largest = fmax(largest, log_p[j]);
      for (size_t j = i; j < i + k; j++) weights += exp(log_p[j] - largest);
      chapter_moments_add(&bounds, bits(largest + log(weights / (double)k)));
    }
    printf("%zu %.8f %.8f\n", k, bounds.mean, sqrt(bounds.squares / bounds.n / (bounds.n - 1)));
  }
}

static void trace(void) {
  double x[D];
  set_up();
  imported_values(image[DIGIT], x);
  chapter_trace("The digit through the logit and the eight couplings", library.from_values, 0, x);
}

int main(int argc, char **argv) {
  static const chapter_plot plots[] = {
      {"draws", "draws M of the noise, bits/dim of the ring, its standard error", plot_draws}, {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 13,
                 .title = "A flow that others trained",
                 .notes = "(13.1)-(13.9)",
                 .about = "The MNIST flow of the University of Amsterdam, from the weights "
                          "of its authors: in plain loops,\nwith the library, and by "
                          "PyTorch.",
                 .plots = plots,
                 .options = option,
                 .trace = trace});
  if (option[RANGE].value != NULL && option[MNIST].value == NULL)
    chapter_fail("--range: of MNIST's test images; give their folder, too: --mnist DIR");
  set_up();
  if (option[MNIST].value != NULL) {
    show_mnist();
    return chapter_end();
  }
  show_file();
  show_stages();
  show_wirings();
  return chapter_end();
}
