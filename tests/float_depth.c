/* tests/depth.h in float: K and amount give "inverse backward". */
#include "depth.h"

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const depth_error e = depth_measure(strtoul(argv[1], NULL, 10), strtod(argv[2], NULL));
  printf("%.17g %.17g\n", e.inverse, e.backward);
  return 0;
}
