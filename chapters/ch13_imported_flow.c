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
#include "chapter_uva.h"
#include "flow/flow.h"

enum { SIDE = UVA_SIDE, D = UVA_D, STAGES = UVA_STAGES };
static const char table_path[] = "data/uva/mnist_flow.table";
static const char weights_path[] = "data/uva/mnist_flow.safetensors";

static chapter_option option[] = {
    {"mnist", "DIR", "folder of t10k-images-idx3-ubyte, plain or .gz: log p of MNIST's test images",
     NULL},
    {"range", "A:B", "the images A … B-1 of them [0:3]", NULL},
    {0}};
enum { MNIST, RANGE };

static nf_safetensors dict;
static nf_error e; /* of all calls of the library */

/* --- the library ------------------------------------------------------------------------------ */

static nf_flow *imported;    /* from pixels, with noise of its own */
static nf_flow *from_values; /* the same weights, from values in (0, 1): the noise is ours */

static void load(void) {
  const char *where = access(table_path, R_OK) == 0 ? "" : "; run this in the project's root";
  imported = nf_import(table_path, weights_path, &e);
  if (imported == NULL) chapter_fail("%s%s", e.message, where);
  nf_safetensors_read(weights_path, &dict, &e);
  nf_model m = *nf_flow_model(imported);
  m.bins = 0; /* the couplings alone */
  nf_bijector *chain = nf_chain_new(m.shape, &e);
  nf_chain_add(chain, nf_logit_new(m.shape, m.alpha, &e), &e);
  nf_chain_add(chain, nf_bijector_from_model(&m, &e), &e);
  from_values = nf_flow_new(chain, 0, &e);
  chapter_need(&e);
  memcpy(nf_flow_param(from_values), nf_flow_param(imported),
         nf_flow_n_param(imported) * sizeof(double));
}

static void values_of(const unsigned char *pixel, double x[D]) {
  for (size_t p = 0; p < D; p++) x[p] = (pixel[p] + 0.5) / 256;
}

/* The layers behind the dequantisation one by one. */
static void by_layers(const unsigned char pixel[D], uva_answer *a) {
  nf_batch x = {.n = 1, .shape = nf_flow_shape(imported), .data = a->z};
  nf_work work = {0};
  double norm_sq = 0;
  values_of(pixel, a->z);
  a->part[0] = -D * log(256);
  for (size_t i = 1; i < STAGES - 1; i++) {
    const nf_bijector *layer = imported->bijector->child[i];
    a->part[i] = 0;
    chapter_need_ok(nf_layer_forward(layer, &x, &a->part[i], &work), layer->type->name);
  }
  nf_work_free(&work);
  for (size_t p = 0; p < D; p++) norm_sq += a->z[p] * a->z[p];
  a->part[STAGES - 1] = -norm_sq / 2 - D / 2. * LN_2PI;
  nf_flow_log_prob(from_values, 1, (values_of(pixel, x.data), x.data), &a->log_p, &e);
  chapter_need(&e);
  a->log_p += a->part[0];
}

/* The largest |f⁻¹(f(x)) - x| in pixels, 0 … 255. */
static double round_trip(const unsigned char pixel[D]) {
  double x[D], z[D], worst = 0;
  values_of(pixel, x);
  nf_flow_forward(from_values, 1, x, z, NULL, &e);
  nf_flow_inverse(from_values, 1, z, z, NULL, &e);
  chapter_need(&e);
  for (size_t p = 0; p < D; p++) worst = fmax(worst, 256 * fabs(z[p] - x[p]));
  return worst;
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

static unsigned char image[2][D];

static double bits(double nats) { return -nats / (D * log(2)); }

/* By PyTorch, of both images: golden/ch13_imported_flow.py. */
static const double pytorch[2][STAGES + 1] = {
    {-4347.419116472, 3489.035572184, 252.9873716605, 118.0425372647, 164.1762463069,
     71.70379043314, -523.8382516745, -354.5881726372, -34.86763424046, 46.09055165131,
     -1110.83516033, -2229.512265853},
    {-4347.419116472, 4890.378670297, 318.9736637792, 258.6902586855, 302.7942393034, 147.138509578,
     -565.2423607339, -379.3200541569, -116.4631246713, 18.07185056498, -985.5644101176,
     -457.9618739439}};

static const char *stage(size_t i, char text[32]) {
  static const char *const named[] = {"dequantise", "logit"};
  if (i >= 2 && i < STAGES - 1)
    snprintf(text, 32, "coupling_%zu", i - 1);
  else
    snprintf(text, 32, "%s", i < 2 ? named[i] : "base");
  return text;
}

static void show_stages(void) {
  static uva_answer hand[2], layers[2];
  static const char *const which[] = {"digit", "ring"};
  char name[64], text[32];
  for (int n = 0; n < 2; n++) {
    uva_by_hand(&dict, image[n], UVA_RIGHT, &hand[n]);
    by_layers(image[n], &layers[n]);
  }
  chapter_section("Two images, u = 1/2: what adds up to log p, in nats");
  chapter_table("stage", 4, (const char *[]){"a digit", "library", "a ring", "library"});
  for (size_t i = 0; i <= STAGES; i++) {
    chapter_row("%s", i < STAGES ? stage(i, text) : "log p");
    for (int n = 0; n < 2; n++) {
      snprintf(name, sizeof name, "%s_%s", which[n], i < STAGES ? stage(i, text) : "log_p");
      const double by_library = i < STAGES ? layers[n].part[i] : layers[n].log_p;
      chapter_cell(name, i < STAGES ? hand[n].part[i] : hand[n].log_p);
      chapter_claim("the library", by_library, 1e-8);
      chapter_claim("PyTorch", pytorch[n][i], 1e-8);
      chapter_cell_unrecorded(by_library);
    }
  }
  for (int n = 0; n < 2; n++) {
    snprintf(name, sizeof name, "%s_bits_per_dim", which[n]);
    chapter_value(name, bits(hand[n].log_p), "-log p/(784·log 2)");
    snprintf(name, sizeof name, "%s_round_trip", which[n]);
    chapter_unrecorded(name, round_trip(image[n]), "largest |f⁻¹(f(x)) - x|, of pixels 0 … 255");
    chapter_claim("an exact inverse", 0, 1e-4);
  }
}

static void show_file(void) {
  double wrong = 0;
  for (size_t k = 1; k <= UVA_COUPLINGS; k++)
    for (size_t p = 0; p < D; p++)
      wrong += uva_tensor(&dict, k, "mask")[p] != (double)((p / SIDE + p % SIDE + k) % 2 == 0);
  chapter_section("The file");
  chapter_value("parameters", (double)nf_flow_n_param(imported), "in 176 tensors, beside 8 masks");
  chapter_value("mask_differs", wrong, "mask pixels that are not (row + column + k) even");
  chapter_claim("the checkerboards of the model", 0, 0);
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
    uva_by_hand(&dict, image[1], (uva_wiring)w, &a);
    chapter_value(wrong[w].name, a.log_p, wrong[w].formula);
  }
}

/* --- MNIST ----------------------------------------------------------------------------------- */

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
  if (!nf_shape_equal(set->shape, nf_flow_shape(imported)) || set->bins != 256)
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
  char text[32];
  by_layers(set->pixel, &a);
  chapter_section("The first test image, u = 1/2: what adds up to log p, in nats");
  chapter_table("stage", 1, (const char *[]){"library"});
  for (size_t i = 0; i < STAGES; i++) {
    chapter_row("%s", stage(i, text));
    chapter_cell_unrecorded(a.part[i]);
    chapter_claim("the authors' program", known_stage[i], 1e-6);
  }
  chapter_unrecorded("round_trip", round_trip(set->pixel), "largest |f⁻¹(f(x)) - x|");
  chapter_claim("an exact inverse", 0, 1e-4);
}

static void show_mnist(void) {
  static double x[BLOCK * D], log_p[BLOCK];
  nf_images set = {0};
  size_t first, end;
  read_mnist(option[MNIST].value, &set);
  read_range(option[RANGE].value != NULL ? option[RANGE].value : "0:3", set.n, &first, &end);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  nf_flow_set_threads(from_values, cores > 1 && cores < 1024 ? (int)cores : 1, &e);
  if (first == 0 && is_known(&set, 0)) show_first(&set);
  chapter_section("log p of MNIST's test images, u = 1/2, in nats");
  for (size_t begin = first; begin < end; begin += BLOCK) {
    const size_t n = end - begin < BLOCK ? end - begin : BLOCK;
    for (size_t i = 0; i < n; i++) values_of(set.pixel + (begin + i) * D, x + i * D);
    nf_flow_log_prob(from_values, n, x, log_p, &e);
    chapter_need(&e);
    for (size_t i = begin; i < begin + n; i++) {
      char name[32];
      snprintf(name, sizeof name, "log_p_%zu", i);
      chapter_value(name, log_p[i - begin] - D * log(256), NULL);
      if (is_known(&set, i)) chapter_claim("the authors' program", known[i].log_p, 1e-6);
    }
  }
  nf_images_free(&set);
}

static void set_up(void) {
  load();
  digit(image[0]);
  ring(image[1]);
}

/* Draws M; the bound (6.3) of the ring's bits/dim, a mean over 64/M groups; its standard error */
static void plot_draws(void) {
  enum { DRAWS = 64 };
  double x[D], log_p[DRAWS];
  set_up();
  for (size_t p = 0; p < D; p++) x[p] = image[1][p];
  nf_batch batch = nf_flow_batch(imported, 1, x);
  for (size_t k = 0; k < DRAWS; k++) {
    batch.draw = k;
    nf_flow_log_prob_batch(imported, &batch, &log_p[k], &e);
  }
  chapter_need(&e);
  for (size_t k = 1; k <= DRAWS / 4; k *= 2) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < DRAWS; i += k) {
      double largest = log_p[i], weights = 0;
      for (size_t j = i; j < i + k; j++) largest = fmax(largest, log_p[j]);
      for (size_t j = i; j < i + k; j++) weights += exp(log_p[j] - largest);
      const double bound = bits(largest + log(weights / (double)k));
      sum += bound;
      square += bound * bound;
    }
    const double n = (double)(DRAWS / k), mean = sum / n;
    printf("%zu %.8f %.8f\n", k, mean, sqrt(fmax(0, square / n - mean * mean) / (n - 1)));
  }
}

static void trace(void) {
  double x[D];
  set_up();
  values_of(image[0], x);
  chapter_trace("The digit through the logit and the eight couplings", from_values, 0, x);
}

int main(int argc, char **argv) {
  static const chapter_plot plots[] = {
      {"draws", "draws M, bits/dim of the ring by the bound with M draws, its standard error",
       plot_draws},
      {0}};
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
