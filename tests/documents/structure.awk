# The documents are well formed: equations are numbered and indexed, math renders on
# GitHub and in pandoc, tables have their cells, and exercises their solutions.

# The chapter in which line i stands: N of the last heading "## N. …", or 0.
function chapter_at(d, i) {
  for (; i > 0; i--)
    if (level[d, i] > 0 && level[d, i] <= 2) return substr(text[d, i], 4) + 0
  return 0
}

# The tag (c.k) of the display that opens on line i, from its last line, or "".
function tag_at(d, i,   k, t) {
  for (k = i + 1; block(d, k) == "m"; k++) t = text[d, k]
  if (!match(t, / \\tag\{[0-9]+\.[0-9]+\}$/)) return ""
  return "(" substr(t, RSTART + 6, RLENGTH - 7) ")"
}

# The displays of chapter c end with \tag{c.1}, \tag{c.2}, … in order, each one a row of the index,
# | (c.k) | what it is | what computes it |, where the rows have the same order and name in code a
# function of the library, a chapter's program or a file. Every (c.k) in prose is one of them.
function check_equations(d,   i, k, n, tag, last, tags, cell) {
  split("", last)
  split("", tags)
  for (i = 1; i <= lines[d]; i++) {
    if (fence[d, i] != "math" || chapter_at(d, i) == 0) continue
    k = ++last[chapter_at(d, i)]
    tag = tag_at(d, i)
    if (tag == "") fault(d, i, "this display does not end with a \\tag")
    else if (tag != "(" chapter_at(d, i) "." k ")") fault(d, i, tag " is out of order")
    if (tag != "") tags[++n] = tag
  }
  for (i = k = 1; i <= lines[d]; i++) {
    if (text[d, i] !~ /^\| \([0-9]+\.[0-9]+\) \|/) continue
    split(text[d, i], cell, / *\| */)
    if (cell[2] != tags[k]) {
      fault(d, i, "the index has " cell[2] " where the text has " (k > n ? "nothing" : tags[k]))
      return
    }
    if (cell[3] == "") fault(d, i, cell[2] " has no name")
    if (cell[4] !~ /`nf_|`ch[0-9][0-9]_|`[a-z]+\//) fault(d, i, cell[2] " is not computed")
    if (match(cell[4], /`ch[0-9][0-9]_[a-z0-9_]+`/) &&
        !exists("chapters/" substr(cell[4], RSTART + 1, RLENGTH - 2) ".c"))
      fault(d, i, "there is no chapter " substr(cell[4], RSTART, RLENGTH))
    k++
  }
  if (k <= n) fault(d, lines[d], "the index lacks " tags[k])
}

# Every (c.k) in prose is a display of the notes, in whatever document it stands, or in a comment of a
# source, such as NOTES (5.1).
function check_references(d,   i, at, k, t, notes, where) {
  notes = document["NOTES.md"]
  if (!("" in displays)) {
    displays[""] = 1
    for (i = 1; i <= lines[notes]; i++)
      if (fence[notes, i] == "math") displays[tag_at(notes, i)] = 1
  }
  if (d == notes)
    for (where in cited)
      for (t = cited[where]; match(t, /\([0-9]+\.[0-9]+\)/); t = substr(t, RSTART + RLENGTH))
        if (!(substr(t, RSTART, RLENGTH) in displays)) {
          print where ": there is no equation " substr(t, RSTART, RLENGTH)
          faults++
        }
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    for (at = 1; match(substr(t, at), /\([0-9]+\.[0-9]+\)/); at = k + RLENGTH) {
      k = at + RSTART - 1
      if (part_at(d, i, k) == "p" && !(substr(t, k, RLENGTH) in displays))
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
    if (block(d, i) == "m") sub(/ \\tag\{[0-9]+\.[0-9]+\}$/, "", t)
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
      } else if (before == " ") {
        fault(d, i, "a space before the end of " substr(t, 1, k))
      } else if (part_at(d, i, k + 1) != "m" && after != "" && !index(" ).,;:?!", after) &&
                 !index("，。；：、）？！”》", substr(t, k + 1, 3))) {
        fault(d, i, substr(t, k, 4) " closes inline math before a letter")
      }
    }
  }
}

# Calls use_symbol for every letter, Latin or Greek, that is a symbol in the math of line i: not those of
# words, which stand in \text, \mathrm or an index of several letters, and not those of LaTeX.
function each_symbol(d, i,   t, k, symbol) {
  for (k = 1; k <= length(text[d, i]); k++)
    if (part_at(d, i, k) == "m") t = t substr(text[d, i], k, 1)
    else if (part_at(d, i, k - 1) == "m") t = t " "
  gsub(/\\(text|mathrm|begin|end|tag) *\{[^}]*\}|[_^]\{[A-Za-z][A-Za-z]+\}|KL|\\[,;!]/, " ", t)
  while (match(t, /\\[A-Za-z]+|[A-Za-z]/)) {
    symbol = substr(t, RSTART, RLENGTH)
    t = substr(t, RSTART + RLENGTH)
    if (length(symbol) == 1 || index(greek, symbol " ")) use_symbol(d, i, symbol)
  }
}
BEGIN {
  greek = "\\alpha \\beta \\gamma \\delta \\epsilon \\varepsilon \\zeta \\eta \\theta \\iota \\kappa \\lambda " \
    "\\mu \\nu \\xi \\rho \\sigma \\tau \\upsilon \\phi \\varphi \\chi \\psi \\omega \\ell \\Gamma " \
    "\\Delta \\Theta \\Lambda \\Sigma \\Phi \\Psi \\Omega "
}

# Every symbol of the notes stands in their table of notation, the first table of the section.
function check_symbols(d,   i, inside) {
  split("", in_table)
  split("", reported)
  for (i = 1; i <= lines[d]; i++) {
    if (level[d, i] > 0) inside = text[d, i] ~ /^## (Notation|记号)$/
    if (inside && text[d, i] ~ /^\|/) { collecting = 1; each_symbol(d, i) }
    else if (inside && collecting) break
  }
  if (!collecting) {
    fault(d, 1, "there is no table of notation")
    return
  }
  collecting = 0
  for (i = 1; i <= lines[d]; i++)
    if (index(part[d, i], "m")) each_symbol(d, i)
}
function use_symbol(d, i, symbol) {
  if (collecting) in_table[symbol] = 1
  else if (!(symbol in in_table) && !(symbol in reported)) {
    reported[symbol] = 1
    fault(d, i, "the table of notation lacks " symbol)
  }
}

# Every row of a table has the cells of its head: a | inside a cell is escaped.
function check_tables(d,   i, row, above) {
  for (i = 2; i <= lines[d]; i++) {
    row = text[d, i]
    above = text[d, i - 1]
    gsub(/\\\|/, "", row)
    gsub(/\\\|/, "", above)
    if (part_at(d, i, 1) == "p" && row ~ /^\|/ && above ~ /^\|/ &&
        gsub(/\|/, "|", row) != gsub(/\|/, "|", above))
      fault(d, i, "another number of bars than in the row above")
  }
}

# A chapter ends with exercises, and the section of solutions has a heading of level 3 for each chapter,
# with its number, and as many items.
function check_exercises(d,   i, c, t, inside, asked, solved, solutions, chapters) {
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    if (level[d, i] == 2) {
      c = chapter_at(d, i)
      if (c > 0) chapters[c] = i
      solutions = t ~ /Solutions|解答|答案/
    }
    if (level[d, i] > 0) inside = level[d, i] == 3 && t ~ /Exercises|习题/
    if (solutions && level[d, i] == 3 && match(t, /[0-9]+/)) c = substr(t, RSTART, RLENGTH) + 0
    if (t !~ /^[0-9]+\. /) continue
    if (inside && c > 0) asked[c]++
    if (solutions && level[d, i] == 0) solved[c]++
  }
  for (c in chapters) {
    if (!(c in asked)) fault(d, chapters[c], "the chapter has no exercises")
    else if (asked[c] != solved[c])
      fault(d, chapters[c], asked[c] " exercises and " solved[c] + 0 " solutions")
  }
}

# No phrase of phrases.txt stands in prose, or in a source: figures of speech, and Chinese words that are
# not the field's.
function check_phrases(d,   i, k, where) {
  if (path[d] == "NOTES.md")
    for (where in styled) {
      print where ": not in this style: " styled[where]
      faults++
    }
  for (i = 1; i <= lines[d]; i++)
    for (k = 1; k <= phrases; k++)
      if (match(text[d, i], phrase[k]) && part_at(d, i, RSTART) == "p")
        fault(d, i, "not in this style: " substr(text[d, i], RSTART, RLENGTH))
}

# The number N.M of the first figure that a text names, or "".
function figure_number(t) {
  if (!match(t, /([Ff]igure|图) [0-9]+\.[0-9]+/)) return ""
  t = substr(t, RSTART, RLENGTH)
  sub(/^[^0-9]*/, "", t)
  return t
}

# A figure is a line of its own, with a caption in bold two lines below, and an SVG in the tree is at most
# 200 kB. In the notes image and caption have a number, the next of the chapter; and every number in prose is
# that of a figure.
function check_figures(d,   i, t, number, part_of, last, captions, file, size, line) {
  split("", last)
  split("", captions)
  for (i = 1; path[d] ~ /^NOTES/ && i <= lines[d]; i++) {
    if (text[d, i] !~ /^!\[/) continue
    number = figure_number(text[d, i])
    captions[number] = 1
    split(number, part_of, ".")
    if (figure_number(substr(text[d, i + 2], 1, 20)) != number) fault(d, i, "the caption has another number")
    if (part_of[2] != ++last[part_of[1]]) fault(d, i, "figure " number " is out of order")
  }
  for (i = 1; path[d] ~ /^NOTES/ && i <= lines[d]; i++)
    for (t = text[d, i]; (number = figure_number(t)) != ""; t = substr(t, RSTART + RLENGTH))
      if (!(number in captions)) fault(d, i, "there is no figure " number)
  for (i = 1; i <= lines[d]; i++) {
    if (text[d, i] !~ /^!\[/) continue
    if (text[d, i + 1] != "" || text[d, i + 2] !~ /^\*/) fault(d, i, "this figure has no caption")
    if (!match(text[d, i], /\]\([^)]*\.svg\)/)) continue
    file = in_folder(d, substr(text[d, i], RSTART + 2, RLENGTH - 3))
    size = 0
    while ((getline line < file) > 0) size += length(line) + 1
    close(file)
    if (size > 200000) fault(d, i, file " has more than 200 kB")
  }
}
