# Which part of an image of 4×4×2 a coupling layer passes, x_a, white, and which it transforms, x_b,
# blue: by halves of the channels, and by a checkerboard, (row + column) even or odd. From layer to
# layer the two parts change places.
function image(left, top, kind, swapped,    channel) {
  for (channel = 0; channel < 2; channel++) plane(left, top + 78 * channel, kind, swapped, channel)
}

# A channel, lying: columns go right, rows come nearer.
function plane(left, top, kind, swapped, channel,    i, j, x, y, b) {
  for (i = 0; i < 4; i++)
    for (j = 0; j < 4; j++) {
      b = kind == "channel" ? channel : (i + j) % 2
      if (swapped) b = 1 - b
      x = left + 48 - 12 * i + 26 * j
      y = top + 16 * i
      path(move(x, y) to(x + 26, y) to(x + 14, y + 16) to(x - 12, y + 16) "Z", b ? "blue" : "white", \
           b ? 0.75 : 1, "blue", 1)
    }
}

function row(top, first, second, kind,    layer, left) {
  words(24, top + 60, first, "ink", 18, "start")
  words(24, top + 83, second, "ink", 18, "start")
  for (layer = 1; layer <= 3; layer++) {
    left = 205 * layer - 58
    image(left, top, kind, layer % 2 == 0)
    if (layer < 3) arrow(left + 163, top + 71, left + 193, top + 71, "ink")
  }
  for (layer = 0; layer < 3; layer++) circle(left + 175 + 10 * layer, top + 71, 2.5, "ink", 1, "none")
}

END {
  start(486, "Masks of coupling layers", "Three coupling layers on an image of 4 by 4 pixels and 2 " \
        "channels. Channel halves: one channel passes, the other is transformed. Checkerboard: pixels of " \
        "even row plus column pass, the odd are transformed. The parts change places in every layer.")
  for (layer = 1; layer <= 3; layer++) label(205 * layer + 18, 32, "f_" layer)
  row(62, "channel", "halves", "channel")
  row(250, "checker-", "board", "checkerboard")
  rectangle(325, 441, 22, 22, 0, "white", 1, "blue", 1)
  label(358, 450, "x_a", "ink", 24, "start")
  rectangle(431, 441, 22, 22, 0, "blue", 0.75, "blue", 1)
  label(464, 450, "x_b", "ink", 24, "start")
  finish()
}
