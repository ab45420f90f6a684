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

# Its curve between two lengths.
function curve(d, c, from, until,    i, r, points) {
  for (i = 0; i <= 80; i++) {
    r = from + (until - from) * i / 80
    points = points (i ? "L" : "M") num(px(r)) " " num(py(density(r, d)))
  }
  path(points, "none", 0, c, 2.5)
}

# A small image of pixels in all shades of grey.
function noise(x, y,    i, j, shade) {
  for (i = 0; i < 6; i++)
    for (j = 0; j < 6; j++) {
      shade = (shade * 137 + 71) % 1009
      rectangle(x + 8 * j, y + 8 * i, 8, 8, 0, "ink", 0.05 + 0.9 * shade / 1009, "none")
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
  words(px(0) - 6, py(4) + 8, "density")
  curve(1, "green", 0.0001, 2)
  curve(3, "teal", 0.0001, 2)
  curve(30, "blue", 0.45, 1.6)
  curve(3072, "dark", 0.94, 0.97376) # up to 3.8; its maximum is 31
  curve(3072, "dark", 1.02614, 1.06)
  label(px(0.05), py(1.02), "d = 1", "green", 20, "start")
  label(px(0.56), py(1.12), "3", "teal", 20)
  label(px(1.14), py(2.4), "30", "blue", 20, "start")
  label(px(1.07), py(3.6), "3072", "dark", 20, "start")
  label(px(1), py(0) + 56, "‖z‖ / √d")

  x = 580
  y = 186
  circle(x, y, 140, "none", 0, "blue", 140 * 4 / sqrt(2) / sqrt(3072))
  arrow(x, y, x + 135, y, "ink")
  label(x + 70, y - 18, "√d ≈ 55.4", "ink", 20)
  label(x + 70, y + 20, "± 1.4", "ink", 20)
  dot(x, y, "ink")
  rectangle(x - 70, y - 24, 48, 48, 0, "ink", 0.5, "none")
  label(x - 46, y + 42, "z = 0", "ink", 22)
  dot(x + 140 * sqrt(0.5), y - 140 * sqrt(0.5), "ink")
  line(x + 140 * sqrt(0.5), y - 140 * sqrt(0.5), x + 136, y - 121, "ink", 1)
  noise(x + 136, y - 162)
  label(x + 160, y - 96, "z", "ink", 22)
  label(x, py(0) + 56, "log p(0) − E log p(z) = d/2 = 1536")
  finish()
}
