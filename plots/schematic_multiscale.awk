# Squeeze (8.3) on 16 numbered pixels: the pixel (δ_y, δ_x) of every block of 2×2 goes to channel
# 2 δ_y + δ_x. Below, a Glow of three levels on 32×32×3, drawn to scale: squeeze keeps the volume, and
# at a split (8.4) the lower half of the channels leaves as latents.
function squeeze(top,    i, j, k, size, left) {
  size = 40
  words(112, top, "4×4×1")
  for (i = 0; i < 4; i++)
    for (j = 0; j < 4; j++) pixel(32 + j * size, top + 22 + i * size, size, i, j)
  arrow(216, top + 102, 320, top + 102, "ink")
  words(268, top + 82, "squeeze")
  words(553, top, "2×2×4")
  words(334, top + 42, "channel", "ink", 18, "end")
  for (k = 0; k < 4; k++) {
    left = 344 + 112 * k
    for (i = 0; i < 2; i++)
      for (j = 0; j < 2; j++)
        pixel(left + j * size, top + 62 + i * size, size, 2 * i + int(k / 2), 2 * j + k % 2)
    words(left + size, top + 42, k)
    label(left + size, top + 162, (k ? "" : "(δ_y, δ_x) = ") "(" int(k / 2) ", " k % 2 ")", "ink", 20, \
          k ? "middle" : "end")
  }
}

# Pixel (i, j) of the image before the squeeze, in the colour of its place in its block.
function pixel(x, y, size, i, j,    name, tint, place) {
  split("green teal blue dark", name, " ")
  split("0.6 0.5 0.5 0.35", tint, " ")
  place = 1 + 2 * (i % 2) + j % 2
  cell(x, y, size, name[place], tint[place])
  words(x + size / 2, y + size / 2, 4 * i + j)
}

# So many channels of an image with `side` rows and columns, a block of planes that lie one upon the
# other; (x, y) is its upper corner in front, at the left. The volume of the drawing is that of the image.
function block(x, y, side, channels, c,    w, h, d) {
  w = 3.6 * side
  h = 3 * channels
  d = 1.4 * side
  face(move(x, y) to(x + w, y) to(x + w, y + h) to(x, y + h), c, 0.5)
  face(move(x, y) to(x + d, y - d) to(x + w + d, y - d) to(x + w, y), c, 0.25)
  face(move(x + w, y) to(x + w + d, y - d) to(x + w + d, y - d + h) to(x + w, y + h), c, 0.7)
}
function face(d, c, tint) {
  path(d "Z", "white", 1, "none")
  path(d "Z", c, tint, c, 1.2)
}

# What a split, or the end, sends down to the latents.
function leave(x, y, shape) {
  arrow(x, y, x, 492, "ink")
  words(x + 12, 452, shape, "ink", 18, "start")
}
function latents(from, until, count) {
  rectangle(from, 498, until - from, 40, 0, "green", 0.5, "white", 2)
  words((from + until) / 2, 518, count)
}
function level(from, until) {
  arrow(from, 360, until, 360, "ink")
  words((from + until) / 2, 340, "squeeze")
  words((from + until) / 2, 382, "steps")
}

END {
  start(590, "Squeeze, and the split of a Glow of three levels", "Above, 16 numbered pixels, 4 by 4 by 1, " \
        "become 2 by 2 by 4. Below, 32 by 32 by 3 is squeezed to 16 by 16 by 12, of which 1536 numbers leave; " \
        "the rest becomes 8 by 8 by 24, of which 768 leave; the rest becomes 4 by 4 by 48, 768 numbers. " \
        "1536 + 768 + 768 = 3072.")
  squeeze(30)
  line(32, 230, 768, 230, "grey", 1)

  words(110, 266, "32×32×3")
  label(16, 378, "x")
  block(32, 376, 32, 3, "blue")
  level(206, 304)
  words(352, 266, "16×16×12")
  block(318, 375, 16, 6, "green")
  block(318, 357, 16, 6, "blue")
  level(406, 504)
  words(536, 266, "8×8×24")
  block(518, 380, 8, 12, "green")
  block(518, 344, 8, 12, "blue")
  level(566, 664)
  words(688, 266, "4×4×48")
  block(678, 291, 4, 48, "green")

  leave(346, 400, "16×16×6")
  leave(532, 424, "8×8×12")
  leave(685, 442, "4×4×48")
  label(16, 516, "z")
  latents(32, 400, 1536)
  latents(400, 584, 768)
  latents(584, 768, 768)
  words(400, 562, "1536 + 768 + 768 = 3072 = 32·32·3")
  finish()
}
