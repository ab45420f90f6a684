/* Pictures: the grid read back pixel by pixel, and what stays on the disk when one fails. */
#include <png.h>
#include <signal.h>
#include <sys/resource.h>

#include "folder.h"
#include "io/png.h"

static void check_png(const char *path, unsigned format, unsigned width, unsigned height,
                      const uint8_t *expected, size_t size) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  uint8_t read[128];
  assert_true(png_image_begin_read_from_file(&image, path));
  assert_int_equal(image.format, format);
  assert_int_equal(image.width, width);
  assert_int_equal(image.height, height);
  assert_int_equal(PNG_IMAGE_SIZE(image), size);
  assert_true(size <= sizeof read && png_image_finish_read(&image, NULL, read, 0, NULL));
  assert_memory_equal(read, expected, size);
}

static void png_shows_the_grid(void **state) {
  (void)state;
  uint8_t gray[] = {0, 16, 8, 4, 1, 2, 3, 4, 16, 15, 14, 13}; /* three of 2×2 */
  const nf_images g = {.n = 3, .shape = {2, 2, 1}, .bins = 17, .pixel = gray};
  const uint8_t grid[] = {0,   255, 128, 15,  31,  127, 63,  128, 47,  63,  128, 128, 128,
                          128, 128, 255, 239, 128, 128, 128, 223, 207, 128, 128, 128};
  check_ok(nf_png_write_grid(folder_path("g.png"), &g, 2, 1, NULL));
  check_png(folder_path("g.png"), PNG_FORMAT_GRAY, 5, 5, grid, sizeof grid);

  uint8_t colour[] = {1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255}; /* two of 1×2 */
  const nf_images c = {.n = 2, .shape = {1, 2, 3}, .bins = 256, .pixel = colour};
  const uint8_t row[] = {1, 2, 3, 4, 5, 6, 128, 128, 128, 250, 251, 252, 253, 254, 255};
  check_ok(nf_png_write_grid(folder_path("g.png"), &c, 100, 1, NULL));
  check_png(folder_path("g.png"), PNG_FORMAT_RGB, 5, 1, row, sizeof row);
}

/* Each pixel a square of 3 × 3, 2 between neighbours. */
static void zoom_makes_squares(void **state) {
  (void)state;
  uint8_t gray[] = {0, 1, 1, 0, 1, 1}; /* three of 1×2 */
  const nf_images g = {.n = 3, .shape = {1, 2, 1}, .bins = 2, .pixel = gray};
  enum { W = 14, H = 8 };
  uint8_t grid[W * H];
  memset(grid, 128, sizeof grid);
  for (size_t i = 0; i < 3; i++)
    for (size_t y = 0; y < 3; y++)
      for (size_t x = 0; x < 6; x++)
        grid[(i / 2 * 5 + y) * W + i % 2 * 8 + x] = gray[2 * i + x / 3] ? 255 : 0;
  check_ok(nf_png_write_grid(folder_path("g.png"), &g, 2, 3, NULL));
  check_png(folder_path("g.png"), PNG_FORMAT_GRAY, W, H, grid, sizeof grid);

  uint8_t colour[] = {1, 2, 3, 4, 5, 6}; /* one of 2×1 */
  const nf_images c = {.n = 1, .shape = {2, 1, 3}, .bins = 256, .pixel = colour};
  const uint8_t squares[] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3,
                             4, 5, 6, 4, 5, 6, 4, 5, 6, 4, 5, 6};
  check_ok(nf_png_write_grid(folder_path("g.png"), &c, 1, 2, NULL));
  check_png(folder_path("g.png"), PNG_FORMAT_RGB, 2, 4, squares, sizeof squares);
}

static size_t files_in(const char *path) {
  DIR *d = opendir(path);
  assert_non_null(d);
  size_t n = 0;
  for (const struct dirent *e; (e = readdir(d)) != NULL;) n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

/* Whatever fails, no half picture and no temporary file stays, and the old file is as it was. */
static void failures_leave_nothing(void **state) {
  (void)state;
  nf_error e = {0};
  static uint8_t pixel[64 * 64 * 2];
  uint32_t r = 1;
  for (size_t i = 0; i < sizeof pixel; i++)
    pixel[i] = (uint8_t)((r = r * 1664525 + 1013904223) >> 24);
  nf_images s = {.n = 2, .shape = {64, 64, 1}, .bins = 256, .pixel = pixel};
  folder_mkdir("p");
  folder_mkdir("p/folder");
  folder_write("p/a.png", "old", 3);

  nf_png_write_grid(folder_path("none/a.png"), &s, 1, 1, &e);
  check_failed(&e, NF_EIO, "none/a.png: cannot write: No such file");
  nf_png_write_grid(folder_path("p/folder"), &s, 1, 1, &e);
  check_failed(&e, NF_EIO, "p/folder: cannot write: ");
  nf_png_write_grid(folder_path("p/a.png"), &s, 0, 1, &e);
  check_failed(&e, NF_EINVAL, "p/a.png: |0 columns|at least one");
  nf_png_write_grid(folder_path("p/a.png"), &s, 1, 0, &e);
  check_failed(&e, NF_EINVAL, "p/a.png: |0 times|at least one");
  s.shape.c = 2, s.n = 1;
  nf_png_write_grid(folder_path("p/a.png"), &s, 1, 1, &e);
  check_failed(&e, NF_ESHAPE, "p/a.png: |1 or 3 channels|2");
  s.shape = (nf_shape){1, 1, 1}, s.n = 500001;
  nf_png_write_grid(folder_path("p/a.png"), &s, 1, 1, &e);
  check_failed(&e, NF_EINVAL, "p/a.png: 1×1000001|1000000");
  s.n = 250001;
  nf_png_write_grid(folder_path("p/a.png"), &s, 1, 3, &e);
  check_failed(&e, NF_EINVAL, "p/a.png: 3×1250003|1000000");
  s.shape = (nf_shape){64, 64, 1}, s.n = 2;

  struct rlimit limit, small = {1000, 0}; /* a disk that is full after 1000 bytes */
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  small.rlim_max = limit.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  nf_png_write_grid(folder_path("p/a.png"), &s, 1, 1, &e);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  check_failed(&e, NF_EIO, "p/a.png: cannot write: ");

  assert_int_equal(files_in(folder_path("p")), 2);
  char old[4] = "";
  FILE *f = fopen(folder_path("p/a.png"), "rb");
  assert_non_null(f);
  assert_int_equal(fread(old, 1, sizeof old, f), 3);
  fclose(f);
  assert_string_equal(old, "old");
  check_ok(nf_png_write_grid(folder_path("p/a.png"), &s, 1, 1, &e));
  assert_int_equal(files_in(folder_path("p")), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(png_shows_the_grid),
      cmocka_unit_test(zoom_makes_squares),
      cmocka_unit_test(failures_leave_nothing),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
