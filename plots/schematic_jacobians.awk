# Where the Jacobian of a layer in d = 8 dimensions has entries that are not 0: a coupling layer, the
# first half of the entries passing; an autoregressive layer; a dense map. A triangular matrix has the
# product of its diagonal as determinant, d operations; a dense one needs elimination, d^3.
function pattern(left, title, kind, determinant, cost,    i, j, size, x, y) {
  size = 26
  words(left + 4 * size, 34, title)
  for (i = 0; i < 8; i++)
    for (j = 0; j < 8; j++) {
      x = left + j * size
      y = 60 + i * size
      if (kind == "dense") cell(x, y, size, "blue", 0.55)
      else if (i == j && kind == "coupling" && i < 4) cell(x, y, size, "green", 1)
      else if (i == j) cell(x, y, size, "dark", 1)
      else if (kind == "coupling" ? i >= 4 && j < 4 : i > j) cell(x, y, size, "blue", 0.55)
      else cell(x, y, size, "grey", 0.22)
    }
  for (i = 0.5; i < 4 && kind == "coupling"; i++) label(left + i * size, 60 + i * size, "1", "ink", 17)
  label(left + 4 * size, 306, determinant)
  label(left + 4 * size, 348, cost)
}

END {
  start(380, "Patterns of three Jacobians", "Entries that are not zero, of 8 by 8. A coupling layer: ones " \
        "and scales on the diagonal, a block below it. An autoregressive layer: a lower triangle. A dense " \
        "map: all. The determinant costs O(d), O(d) and O(d^3).")
  pattern(32, "coupling", "coupling", "det J = ∏_j exp s_j", "O(d)")
  pattern(296, "autoregressive", "autoregressive", "det J = ∏_i J_{ii}", "O(d)")
  pattern(560, "dense", "dense", "det J = ± ∏_i U_{ii}", "O(d^3)")
  finish()
}
