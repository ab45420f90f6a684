# Dequantisation (6.1) in one dimension. Above, an arrow of height Pr(k) at each pixel value k, where a
# density would be infinite. Below, k + u with u uniform on [0, 1) has a density, the grey boxes; that
# of the flow, p, is a curve, and the area under it over a cell is Pr(k).
function p(v) { return 0.62 * bell(v, 2.35, 0.95) + 0.38 * bell(v, 5.95, 0.8) }
function bell(v, mean, deviation) {
  return exp(-0.5 * ((v - mean) / deviation) ^ 2) / (deviation * sqrt(2 * 3.14159265358979))
}

# The area under p over the cell from k, by Simpson's rule.
function area(k,    i, n, sum) {
  n = 40
  for (i = 0; i <= n; i++) sum += p(k + i / n) * (i == 0 || i == n ? 1 : i % 2 ? 4 : 2)
  return sum / (3 * n)
}

function px(v) { return 34 + 84 * v }
function py(density) { return base - 520 * density }

function axis(text,    k) {
  line(px(0) - 20, base, px(8) + 16, base, "grey", 1.5)
  for (k = 0; k <= 8; k++) {
    line(px(k), base, px(k), base + 6, "grey", 1.5)
    words(px(k), base + 23, k)
  }
  label(px(8) + 24, base, text, "ink", 24, "start")
}

# The curve p between two values of v.
function curve(d, from, until,    i, n, v) {
  n = 20
  for (i = 0; i <= n * (until - from); i++) {
    v = from + i / n
    d = d (d == "" ? "M" : "L") num(px(v)) " " num(py(p(v)))
  }
  return d
}

END {
  start(490, "Dequantisation", "Above, spikes of height Pr(k) at the integers. Below, the density p of k + u " \
        "over the cells from k to k + 1; the area under p over one cell is Pr(k), the integral of p(k + u) over " \
        "u from 0 to 1.")
  base = 168
  axis("k")
  for (k = 0; k < 8; k++) {
    arrow(px(k), base, px(k), py(area(k)), "dark")
    dot(px(k), base, "dark")
  }
  label(px(2) + 14, py(area(2)) + 12, "Pr(k)", "ink", 24, "start")

  arrow(px(3.5), 208, px(3.5), 248, "ink")
  label(px(3.5) + 18, 227, "k + u,  u ~ U[0, 1)", "ink", 22, "start")

  base = 440
  for (k = 0; k < 8; k++) rectangle(px(k), py(area(k)), 84, 520 * area(k), 0, "grey", 0.3, "white", 2)
  path(curve(move(px(2), base), 2, 3) to(px(3), base) "Z", "blue", 0.4, "none")
  path(curve("", -0.2, 8.15), "none", 0, "blue", 3)
  axis("k + u")
  label(px(2.5), base - 62, "Pr(k)")
  label(px(3.45), base - 112, "Pr(k) = ∫_0^1 p(k + u) du", "ink", 22, "start")
  label(px(1.1), base - 108, "p", "blue", 24)
  u = 0.7
  arrow(px(2), base - 20, px(2 + u), base - 20, "dark")
  label(px(2.25), base - 34, "u", "dark", 20)
  dot(px(2 + u), base, "dark")
  finish()
}
