# A schematic is a picture of 800 units in width whose parts are drawn by name: boxes, arrows, cells,
# labels, in the colours of plots/style.gp, one weight of line and one size of type. It is written in a
# file schematic_NAME.awk as the END of
#
#   LC_ALL=C awk -f plots/schematic.awk -f plots/schematic_NAME.awk plots/style.gp
#
# which prints an SVG, the same bytes from every awk. Lengths are pixels, y points down. Colours are
# names: those of style.gp, 'white', or 'none'.
/^[a-z]+ = '#[0-9a-f]+'$/ { palette[$1] = substr($3, 2, 7) }

BEGIN {
  palette["white"] = "#ffffff"
  palette["none"] = "none"
  sans = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
  serif = "'STIX Two Text', 'Times New Roman', 'Liberation Serif', 'DejaVu Serif', serif"
}

function colour(name) {
  if (name in palette) return palette[name]
  print "plots/schematic.awk: '" name "' is no colour of plots/style.gp" > "/dev/stderr"
  exit 2
}

# A coordinate: one decimal, and none that says nothing.
function num(v) {
  v = sprintf("%.1f", v)
  sub(/\.0$/, "", v)
  return v == "-0" ? "0" : v
}

function start(height, title, description) {
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"%d\" viewBox=\"0 0 800 %d\" " \
         "role=\"img\" xml:space=\"preserve\">\n", height, height
  printf "<title>%s</title>\n<desc>%s</desc>\n", title, description
  printf "<rect width=\"800\" height=\"%d\" rx=\"12\" fill=\"#ffffff\"/>\n", height
  printf "<g font-family=\"%s\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n", sans
}

function finish() { print "</g>\n</svg>" }

# What a shape is painted with: a tint (0 none … 1 full) of one colour, an outline of another, 2 wide or
# as wide as `width` says, and perhaps dashed.
function paint(fill, tint, stroke, width, dashed) {
  printf " fill=\"%s\"", colour(fill)
  if (fill != "none" && tint < 1) printf " fill-opacity=\"%g\"", tint
  if (stroke != "none") printf " stroke=\"%s\" stroke-width=\"%g\"", colour(stroke), (width ? width : 2)
  if (dashed) printf " stroke-dasharray=\"7 6\""
  print "/>"
}

function rectangle(x, y, w, h, radius, fill, tint, stroke, width) {
  printf "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"", num(x), num(y), num(w), num(h)
  if (radius) printf " rx=\"%s\"", num(radius)
  paint(fill, tint, stroke, width)
}

function circle(x, y, r, fill, tint, stroke, width) {
  printf "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"", num(x), num(y), num(r)
  paint(fill, tint, stroke, width)
}

# A path in the language of SVG: move(x, y) to(x, y) … and "Z" to close it.
function move(x, y) { return "M" num(x) " " num(y) }
function to(x, y) { return "L" num(x) " " num(y) }
function path(d, fill, tint, stroke, width, dashed) {
  printf "<path d=\"%s\"", d
  paint(fill, tint, stroke, width, dashed)
}

function line(x1, y1, x2, y2, c, width, dashed) {
  path(move(x1, y1) to(x2, y2), "none", 0, c, width, dashed)
}

function arrow(x1, y1, x2, y2, c, dashed,    r, dx, dy) {
  r = sqrt((x2 - x1) ^ 2 + (y2 - y1) ^ 2)
  dx = (x2 - x1) / r
  dy = (y2 - y1) / r
  line(x1, y1, x2 - 9 * dx, y2 - 9 * dy, c, 2, dashed)
  path(move(x2, y2) to(x2 - 12 * dx - 5 * dy, y2 - 12 * dy + 5 * dx) to(x2 - 9.5 * dx, y2 - 9.5 * dy) \
       to(x2 - 12 * dx + 5 * dy, y2 - 12 * dy - 5 * dx) "Z", c, 1, "none")
}

# A box around a symbol, its middle at (x, y); a dot; one cell of a matrix or an image.
function box(x, y, w, h, text, c) {
  rectangle(x - w / 2, y - h / 2, w, h, 8, c, 0.15, c)
  label(x, y, text)
}
function dot(x, y, c) { circle(x, y, 4.5, c, 1, "none") }
function cell(x, y, size, fill, tint) { rectangle(x, y, size, size, 0, fill, tint, "white", 1.5) }

# Text whose middle is at (x, y), or which starts or ends there. words() are set as they are. label()
# is a formula: letters are italic, but not those of log; x_a and e^{-s} have an index and an exponent.
function begin_text(x, y, c, size, anchor) {
  printf "<text x=\"%s\" y=\"%s\" font-size=\"%g\" fill=\"%s\"", num(x), num(y + 0.35 * size), size,
         colour(c == "" ? "ink" : c)
  if (anchor != "start") printf " text-anchor=\"%s\"", (anchor == "" ? "middle" : anchor)
}

function words(x, y, text, c, size, anchor) {
  begin_text(x, y, c, size ? size : 18, anchor)
  printf ">%s</text>\n", text
}

function label(x, y, text, c, size, anchor,    level, end) {
  if (!size) size = 24
  begin_text(x, y, c, size, anchor)
  printf " font-family=\"%s\">", serif
  raised = 0
  while (text != "") {
    level = substr(text, 1, 1)
    if (level == "_" || level == "^") {
      end = substr(text, 2, 1) == "{" ? index(text, "}") : 2
      run(end > 2 ? substr(text, 3, end - 3) : substr(text, 2, 1), size, level == "_" ? 0.22 : -0.4)
    } else {
      end = match(text, /[_^]/) ? RSTART - 1 : length(text)
      run(substr(text, 1, end), size, 0)
    }
    text = substr(text, end + 1)
  }
  print "</text>"
}

# Letters and other characters in turn, `shift` sizes below the line of the label.
function run(text, size, shift,    word, letter, dy) {
  letter = "(δ|θ|[A-Za-z])"
  dy = (shift - raised) * size
  raised = shift
  while (text != "") {
    if (match(text, "^(log|det|exp|ELBO|" letter ")")) word = substr(text, 1, RLENGTH)
    else word = match(text, letter) ? substr(text, 1, RSTART - 1) : text
    text = substr(text, length(word) + 1)
    printf "<tspan"
    if (shift) printf " font-size=\"%s\"", num(0.7 * size)
    if (dy) printf " dy=\"%s\"", num(dy)
    if (word ~ "^" letter "$") printf " font-style=\"italic\""
    printf ">%s</tspan>", word
    dy = 0
  }
}
