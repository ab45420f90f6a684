# The documents are well formed: equations are numbered and say what computes them, math renders on
# GitHub and in pandoc, tables have their cells, and exercises their answers.

# The chapter in which line i stands: N of the last heading "## N. …", or 0.
function chapter_at(d, i) {
  for (; i > 0; i--)
    if (level[d, i] > 0 && level[d, i] <= 2) return substr(text[d, i], 4) + 0
  return 0
}

# k of a label **(c.k)** at the beginning of line i, or 0; c is in label_chapter.
function label_at(d, i,   piece) {
  if (text[d, i] !~ /^\*\*\([0-9]+\.[0-9]+\)\*\*/) return 0
  split(text[d, i], piece, /[*().]+/)
  label_chapter = piece[2] + 0
  return piece[3] + 0
}

# Every display has a label line above it, (c.1), (c.2), … in chapter c, that names in code what
# computes it: a function of the library, or a chapter's program. Every (c.k) in prose is one.
function check_equations(d,   i, k, c, last, at, t, piece) {
  split("", last)
  for (i = 3; i <= lines[d]; i++) {
    if (fence[d, i] != "math") continue
    k = label_at(d, i - 2)
    c = label_chapter
    if (k == 0) fault(d, i, "no label **(c.k)** two lines above this display")
    else if (c != chapter_at(d, i) || k != ++last[c]) fault(d, i, "(" c "." k ") is out of order")
    if (k > 0 && text[d, i - 2] !~ /`nf_|`ch0/)
      fault(d, i, "(" c "." k ") does not say what computes it")
  }
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    for (at = 1; match(substr(t, at), /\([0-9]+\.[0-9]+\)/); at = k + 1) {
      k = at + RSTART - 1
      split(substr(t, k + 1, RLENGTH - 2), piece, ".")
      if (part_at(d, i, k) == "p" && !(piece[2] >= 1 && piece[2] + 0 <= last[piece[1] + 0]))
        fault(d, i, "there is no equation " substr(t, k, RLENGTH))
    }
  }
}

# Math that GitHub and pandoc both render: inline, Markdown sees it first, so nothing there that
# Markdown would take for its own; and no command that one of the two does not know.
function check_math(d,   i, t, k, c, after, before) {
  for (i = 1; i <= lines[d]; i++) {
    if (!index(part[d, i], "m")) continue
    t = text[d, i]
    for (k = 1; k <= length(t); k++) {
      if (part_at(d, i, k) != "m") continue
      c = substr(t, k, 1)
      if (c == "\\" && substr(t, k) ~ /^\\(operatorname|tag)/)
        fault(d, i, substr(t, k, 13) " does not render everywhere")
      if (block(d, i) == "m") continue
      before = substr(t, k - 1, 1)
      after = substr(t, k + 1, 1)
      if (index("|*<>", c)) fault(d, i, c " in inline math: " substr(t, k))
      if (c == "\\" && after !~ /[A-Za-z]/) fault(d, i, c after " in inline math")
      if (c == "_" && before !~ /[A-Za-z0-9]/) fault(d, i, "_ after " before " inline")
      if (c != "$") continue
      if (k == 1 || part_at(d, i, k - 1) != "m") {
        if (k > 1 && before !~ /[ (]/) fault(d, i, "no space before " substr(t, k))
        if (after == " ") fault(d, i, "a space after " substr(t, k))
      } else if (part_at(d, i, k + 1) != "m" && after != "" && !index(" ).,;:?!", after)) {
        fault(d, i, substr(t, k, 4) " closes inline math before a letter")
      }
    }
  }
}

# Every row of a table has the cells of its head: so no | stands inside a cell.
function check_tables(d,   i, row, above) {
  for (i = 2; i <= lines[d]; i++) {
    row = text[d, i]
    above = text[d, i - 1]
    if (part_at(d, i, 1) == "p" && row ~ /^\|/ && above ~ /^\|/ &&
        gsub(/\|/, "|", row) != gsub(/\|/, "|", above))
      fault(d, i, "another number of bars than in the row above")
  }
}

# A chapter ends with exercises, and each exercise with an answer that a program or a golden file gives.
function check_exercises(d,   i, t, item, waiting, inside, any) {
  any = 1
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    item = inside && t ~ /^[0-9].*\./
    if ((item || level[d, i] > 0) && waiting > 0) {
      fault(d, waiting, "no answer is checked")
      waiting = 0
    }
    if (level[d, i] == 2) {
      if (!any) fault(d, i, "the chapter above has no exercises")
      any = chapter_at(d, i) == 0
    }
    if (level[d, i] > 0) inside = 0
    if (level[d, i] == 3 && t ~ /Exercises|习题/) inside = any = 1
    if (item) waiting = i
    if (waiting > 0 && t ~ /<!-- ch|`ch0|`build\//) waiting = 0
  }
}
