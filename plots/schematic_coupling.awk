# The affine coupling layer and its inverse (3.1): x_a passes; s and t of x_a scale and shift x_b. The
# inverse has x_a at hand, so it evaluates the same s and t, forwards, and undoes scale and shift.
function panel(left, title, from, back, exponent, sign, passed, transformed, log_det) {
  label(left + 200, 38, title)
  # the part that passes, and the network that reads it
  half(left, 104, "a", back)
  dot(left + 200, 104, "ink")
  arrow(left + 200, 104, left + 200, 164, "ink")
  rectangle(left + 110, 164, 180, 52, 8, "dark", 0.12, "dark")
  line(left + 200, 166, left + 200, 214, "dark", 1)
  label(left + 155, 190, "s(" from "_a)")
  label(left + 245, 190, "t(" from "_a)")
  # the part that is transformed
  half(left, 294, "b", back)
  arrow(left + 155, 216, left + 155, 274, "dark")
  arrow(left + 245, 216, left + 245, 274, "dark")
  operator(left + 155, 294, "⊙")
  operator(left + 245, 294, sign)
  label(left + 143, 246, exponent, "dark", 22, "end")
  label(left + 257, 246, "t", "dark", 22, "start")
  label(left + 200, 356, passed)
  label(left + 200, 392, transformed)
  label(left + 200, 428, log_det)
}

# x at the left, z at the right, and the line between them, forward or back.
function half(left, y, part, back) {
  if (back) arrow(left + 306, y, left + 94, y, "ink")
  else arrow(left + 94, y, left + 306, y, "ink")
  box(left + 60, y, 64, 54, "x_" part, "blue")
  box(left + 340, y, 64, 54, "z_" part, "green")
}

function operator(x, y, text) {
  circle(x, y, 19, "white", 1, "ink")
  words(x, y, text, "ink", 24)
}

END {
  start(460, "A coupling layer, forward and inverse", "Forward, x_a passes as z_a, and a network computes " \
        "s and t from it; x_b is multiplied by e^s and t is added. Inverse, z_a passes as x_a, the same " \
        "network computes the same s and t; t is subtracted from z_b, and the rest multiplied by e^-s.")
  panel(0, "z = f(x)", "x", 0, "e^s", "+", "z_a = x_a", "z_b = x_b ⊙ e^s + t", "log |det J| = ∑_j s_j")
  panel(400, "x = f^{−1}(z)", "z", 1, "e^{−s}", "−", "x_a = z_a", "x_b = (z_b − t) ⊙ e^{−s}",
        "log |det J^{−1}| = −∑_j s_j")
  line(400, 24, 400, 436, "grey", 1)
  finish()
}
