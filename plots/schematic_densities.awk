# The density of z_k = 0.85 (z_{k-1} + a tanh(b (z_{k-1} - c_k))), k = 1 … 4, computed by
#
#   p_k(z_k) = p_{k-1}(z_{k-1}) / |dz_k / dz_{k-1}|,    p_0 = N(0, 1),
#
# and the paths of nine points from z_0 to z_4 = x.
function tanh(v) { return 1 - 2 / (exp(2 * v) + 1) }
function centre(k) { return 0.12 * k }
function layer(z, k) { return 0.85 * (z + 0.7 * tanh(1.4 * (z - centre(k)))) }
function slope(z, k) { return 0.85 * (1 + 0.7 * 1.4 * (1 - tanh(1.4 * (z - centre(k))) ^ 2)) }
function py(z) { return 180 - 44 * z }

END {
  start(440, "Densities along the layers of a flow", "Five densities side by side, from the standard normal " \
        "of z_0 to the bimodal one of z_4 = x. Lines connect the same nine points from layer to layer.")
  n = 160
  for (i = 0; i <= n; i++) {
    z[i] = 6.4 * i / n - 3.2
    p[i] = exp(-z[i] ^ 2 / 2) / sqrt(2 * 3.14159265358979)
  }
  for (k = 0; k <= 4; k++) {
    left = 48 + 160 * k
    for (i = 0; i <= n && k; i++) {
      p[i] /= slope(z[i], k)
      z[i] = layer(z[i], k)
    }
    d = ""
    for (i = 0; i <= n; i++) d = d (i ? "L" : "M") num(left + 230 * p[i]) " " num(py(z[i]))
    tone = k == 0 ? "green" : k == 4 ? "blue" : "teal"
    path(move(left, py(z[0])) "L" substr(d, 2) to(left, py(z[n])) "Z", tone, 0.25, "none")
    path(d, "none", 0, tone, 2.5)
    line(left, 20, left, 340, "grey", 1.5)
    label(left + 24, 372, k == 0 ? "z_0 ~ N(0, 1)" : k == 4 ? "z_4 = x" : "z_" k)
    for (i = 30; i <= 130; i += 12.5) {
      j = int(i)
      if (k) line(left - 160, py(old[j]), left, py(z[j]), "ink", 1)
      old[j] = z[j]
      dot(left, py(z[j]), "ink")
    }
  }
  label(400, 412, "p_k(z_k) = p_{k−1}(z_{k−1}) / |dz_k / dz_{k−1}|")
  finish()
}
