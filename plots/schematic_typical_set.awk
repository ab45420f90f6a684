# The length of a draw z from N(0, I) in d dimensions, over √d: its density
#
#   p(r) = 2 (d/2)^{d/2} / Γ(d/2) · r^{d-1} exp(-d r² / 2)
#
# narrows around 1 as d grows. Beside it the sphere of radius √3072 with the shell where draws lie, two
# standard deviations to either side, to scale; and the point of highest density, z = 0, far from all.
function log_gamma(v,    sum) { # of a multiple of 1/2
  while (v > 1) sum += log(--v)
  return sum + (v < 0.75 ? 0.5 * log(3.14159265358979) : 0)
}
function density(r, d,    log_p) {
  log_p = 0.5 * d * log(d / 2) - log_gamma(d / 2) + (d - 1) * log(r) - 0.5 * d * r * r
  return log_p < -30 ? 0 : 2 * exp(log_p)
}
function px(r) { return 50 + 160 * r }
function py(p) { return 340 - 80 * p }

# Where it is below 3.8: that of 3072 dimensions rises to 31.
function curve(d, c, from, until, step,    r, p, line_, inside) {
  for (r = from; r < until + step / 2; r += step) {
    p = density(r, d)
    if (p < 3.8) line_ = line_ (inside ? "L" : "M") num(px(r)) " " num(py(p))
    inside = p < 3.8
  }
  path(line_, "none", 0, c, 2.5)
}

# A small image of grey pixels.
function image(x, y, pixels, size, noise,    i, j) {
  for (i = 0; i < pixels; i++)
    for (j = 0; j < pixels; j++) {
      seed = (seed * 137 + 71) % 1009
      rectangle(x + j * size, y + i * size, size, size, 0, "ink", noise ? 0.05 + 0.9 * seed / 1009 : 0.5, "none")
    }
}

END {
  start(430, "The typical set", "Left: the density of the norm of z over the square root of d, for d = 1, 3, 30 " \
        "and 3072. Right: draws lie in a thin shell of radius sqrt d = 55.4; the mode z = 0 is far from it.")
  line(px(0), py(0), px(2.05), py(0), "grey", 1.5)
  for (r = 0; r <= 2; r++) {
    line(px(r), py(0), px(r), py(0) + 6, "grey", 1.5)
    words(px(r), py(0) + 23, r)
  }
  for (p = 0; p <= 3; p++) {
    line(px(0) - 6, py(p), px(0), py(p), "grey", 1.5)
    words(px(0) - 20, py(p), p)
  }
  line(px(0), py(0), px(0), py(3.8), "grey", 1.5)
  curve(1, "green", 0.0001, 2, 0.025)
  curve(3, "teal", 0.0001, 2, 0.025)
  curve(30, "blue", 0.4, 1.7, 0.0125)
  curve(3072, "dark", 0.9, 1.1, 0.001)
  label(px(0.05), py(1.02), "d = 1", "ink", 20, "start")
  label(px(0.62), py(1.3), "3", "ink", 20)
  label(px(1.2), py(2.4), "30", "ink", 20, "start")
  label(px(1.07), py(3.6), "3072", "ink", 20, "start")
  label(px(1), py(0) + 56, "‖z‖ / √d")

  x = 590
  y = 190
  circle(x, y, 140, "none", 0, "blue", 140 * 4 / sqrt(2) / sqrt(3072))
  arrow(x, y, x + 135, y, "ink")
  label(x + 74, y - 18, "√d ≈ 55.4", "ink", 20)
  circle(x, y, 4.5, "ink", 1, "none")
  image(x - 70, y - 24, 6, 8, 0)
  label(x - 46, y + 42, "z = 0", "ink", 22)
  image(x + 130, y - 160, 6, 8, 1)
  label(x + 154, y - 94, "z", "ink", 22)
  label(x, py(0) + 56, "log p(0) − E log p(z) = d/2 = 1536")
  finish()
}
