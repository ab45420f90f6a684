# Reads Markdown documents so that a check can say "a number in prose" or "a name in code". Of line i of
# document d there are text[d, i] and part[d, i], a letter for each byte and one for the line:
#
#   p   prose                              x   <!-- comment -->
#   c   `code spans` and other blocks      t   where a link leads
#   m   $…$ and ```math blocks             f   the ``` lines themselves
#   e   ```text and ```c blocks (excerpts)
#
# and fence[d, i], the language of a block that opens there, and level[d, i] of a heading. A span ends
# on its line. The files given are the headers, the makefiles and the golden files first, whose words,
# targets and values are in word, target and golden, and the sources, whose references to NOTES are in
# cited and whose phrases of the list phrase_file in styled, and then the documents. The checks are functions;
# checks.awk runs them. fault(d, i, why) is what they find. Bytes, so run this in the C locale.

BEGIN {
  while (phrase_file != "" && (getline phrase[phrases + 1] < phrase_file) > 0) phrases++
  split("p c m e x t f", letter, " ")
  for (k in letter) {
    many[letter[k]] = letter[k]
    while (length(many[letter[k]]) < 4096) many[letter[k]] = many[letter[k]] many[letter[k]]
  }
}

function fault(d, i, why) {
  print path[d] ":" i ": " why
  faults++
}

function times(kind, n) { return substr(many[kind], 1, n) }
function part_at(d, i, k) { return substr(part[d, i], k, 1) }
# The kind of block that the line is in, p for lines of Markdown.
function block(d, i) { return substr(part[d, i], length(text[d, i]) + 1, 1) }
function block_kind(language) {
  return language == "math" ? "m" : language ~ /^(text|c|python)$/ ? "e" : "c"
}

function spans(t,   p, open, close_, at, n) {
  while (match(t, /<!--|\]\(|<http|`|\$/)) {
    at = RSTART
    open = substr(t, at, RLENGTH)
    close_ = open == "<!--" ? "-->" : open == "](" ? ")" : open == "<http" ? ">" : open
    n = index(substr(t, at + length(open)), close_)
    if (n == 0) {
      fault(documents, lines[documents], "does not end on its line: " substr(t, at, 60))
      break
    }
    n += length(open) + length(close_) - 1
    p = p times("p", at - 1) \
      times(open == "<!--" ? "x" : open == "`" ? "c" : open == "$" ? "m" : "t", n)
    t = substr(t, at + n)
  }
  return p times("p", length(t) + 1)
}

FNR == 1 { kind = FILENAME ~ /\.c$/ ? "source" : FILENAME ~ /\.h$/ ? "header" : FILENAME ~ /(Makefile|\.mk)$/ ? "rules" : \
                  FILENAME ~ /^golden/ ? "golden" : "document" }
match($0, /NOTES.*\([0-9]+\.[0-9]+\)/) && kind ~ /header|source/ {
  cited[FILENAME ":" FNR] = substr($0, RSTART)
}
kind ~ /header|source/ {
  for (k = 1; k <= phrases; k++)
    if (match($0, phrase[k])) styled[FILENAME ":" FNR] = substr($0, RSTART, RLENGTH)
}
kind == "source" { next }
kind == "header" {
  n = split($0, piece, /[^A-Za-z0-9_]+/)
  for (k = 1; k <= n; k++) word[piece[k]] = 1
  next
}
kind == "rules" {
  if (match($0, /^[A-Za-z0-9_. -]+:/)) {
    n = split(substr($0, 1, RLENGTH - 1), piece, " ")
    for (k = 1; k <= n; k++) target[piece[k]] = 1
  }
  next
}
kind == "golden" {
  if (FNR == 1) {
    prefix = FILENAME
    gsub(/^.*\/|\.txt$/, "", prefix)
    if (prefix ~ /^ch[0-9][0-9]_/) prefix = substr(prefix, 1, 4)
  }
  if (!/^#/ && NF == 5) golden[prefix ":" $1] = $3
  next
}
{
  if (FNR == 1) {
    path[++documents] = FILENAME
    document[FILENAME] = documents
    inside = ""
  }
  d = documents
  i = lines[d] = FNR
  text[d, i] = $0
  if (/^```/) {
    part[d, i] = times("f", length($0) + 1)
    if (inside == "") fence[d, i] = substr($0, 4)
    if (inside == "") open_fence[d, i] = 1
    inside = inside != "" ? "" : block_kind(fence[d, i])
  } else if (inside != "") {
    part[d, i] = times(inside, length($0) + 1)
  } else {
    part[d, i] = spans($0)
    if (match($0, /^#+ /)) level[d, i] = RLENGTH - 1
  }
}
