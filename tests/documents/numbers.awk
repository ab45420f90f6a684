# The numbers in the documents are true, and the same in both languages:
#
#   1.2345<!-- ch02:log_p_x -->   |shown - golden| ≤ half a unit of the last shown digit
#
# ch02:log_p_x is log_p_x in golden/ch02_*.txt; pytorch_flows:… is in golden/pytorch_flows.txt.

# The next number of a line at or behind byte `at`, in prose or math: its value, text, decimals, part
# and tag ("" without one) in number_*. Returns the byte behind it, 0 when there is none.
function next_number(d, i, at,   t, k, before, decimals, tail) {
  t = text[d, i]
  for (; match(substr(t, at), /[0-9]/); at = k + 1) {
    k = at + RSTART - 1
    before = k > 1 ? substr(t, k - 1, 1) : " "
    number_part = part_at(d, i, k)
    if (before ~ /[A-Za-z0-9._]/ || number_part !~ /[pm]/) continue
    tail = substr(t, k)
    match(tail, /^[0-9]+(\.[0-9]+)?/)
    number_text = substr(tail, 1, RLENGTH)
    tail = substr(tail, RLENGTH + 1)
    number_value = number_text * (before == "-" ? -1 : 1)
    decimals = index(number_text, ".")
    number_decimals = decimals > 0 ? length(number_text) - decimals : 0
    number_tag = ""
    if (match(tail, /^<!-- *[^ ]+/)) {
      number_tag = substr(tail, 5, RLENGTH - 4)
      gsub(/ /, "", number_tag)
    }
    return k + length(number_text)
  }
  return 0
}

function is_tag(d, i, tag) {
  if (tag !~ /^[a-z0-9_]+:[a-zA-Z0-9_]+$/) fault(d, i, "'" tag "' is not a tag such as ch02:log_p_x")
  else if (!(tag in golden)) fault(d, i, tag " is no golden quantity")
  return tag in golden
}

# Every tagged number is its golden quantity, rounded; every `chNN:name` in code exists.
function check_numbers(d,   i, at, gap, t, k) {
  for (i = 1; i <= lines[d]; i++) {
    for (at = 1; (at = next_number(d, i, at)) > 0;) {
      if (number_tag == "" || !is_tag(d, i, number_tag)) continue
      gap = number_value - golden[number_tag]
      if (!((gap < 0 ? -gap : gap) <= 0.5 * 10 ^ -number_decimals * (1 + 1e-9)))
        fault(d, i, number_tag " is " golden[number_tag] ", not " number_value)
    }
    t = text[d, i]
    for (at = 1; match(substr(t, at), /`ch[a-zA-Z0-9_]*:[a-zA-Z0-9_:]*`/); at = k + RLENGTH) {
      k = at + RSTART - 1
      if (part_at(d, i, k) == "c") is_tag(d, i, substr(t, k + 1, RLENGTH - 2))
    }
  }
}

# A number with three or more decimals has a tag, and there is none in math; every comment is a tag
# behind a number, or says what a block or a command is.
function check_untagged(d,   i, at, tags, comments, t, k) {
  for (i = 1; i <= lines[d]; i++) {
    tags = comments = 0
    for (at = 1; (at = next_number(d, i, at)) > 0;) {
      tags += number_tag != ""
      if (number_decimals < 3) continue
      if (number_part == "m") fault(d, i, number_text " stands in math")
      if (number_tag == "") fault(d, i, number_text " has no tag")
    }
    t = text[d, i]
    for (at = 1; (k = index(substr(t, at), "<!--")) > 0; at += k)
      comments += part_at(d, i, at + k - 1) == "x" && \
        substr(t, at + k - 1) !~ /^<!-- (output of|from|slow:|not run:) /
    if (comments != tags) fault(d, i, "a comment that tags no number")
  }
}

# The skeleton of a document in bone[d, 1 …]: headings by level, displays and code line by line, rows of
# tables, figures, and tags, in order.
function skeleton(d,   i, n, at) {
  for (i = 1; i <= lines[d]; i++) {
    if (level[d, i] > 0) bone[d, ++n] = "a heading of level " level[d, i]
    if (block(d, i) ~ /[mce]/) bone[d, ++n] = text[d, i]
    if (part_at(d, i, 1) == "p" && text[d, i] ~ /^\|/) bone[d, ++n] = "a row"
    if (text[d, i] ~ /^!\[/) bone[d, ++n] = "a figure " substr(text[d, i], index(text[d, i], "]("))
    for (at = 1; (at = next_number(d, i, at)) > 0;)
      if (number_tag != "") bone[d, ++n] = number_value " " number_decimals " " number_tag
    while (bone_line[d] < n) at_line[d, ++bone_line[d]] = i
  }
  return n
}

# A translation has the sections, equations, tables, figures and quantities of the original.
function check_translation(d, original,   n, m, k) {
  n = skeleton(original)
  m = skeleton(d)
  for (k = 1; k <= n || k <= m; k++)
    if (bone[original, k] "" != bone[d, k] "") {
      fault(d, k <= m ? at_line[d, k] : lines[d], "'" bone[d, k] "' where " path[original] ":" \
            at_line[original, k] " has '" bone[original, k] "'")
      return
    }
}
