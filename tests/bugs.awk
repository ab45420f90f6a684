# Reads tests/bugs.txt, then docs/planted-bugs.md. Of bug b, where `only` chooses some by their names:
#
#   name[b], what[b], symptom[b], by[b]   as bugs.txt has them
#   tests[b]                              the last cell of its row in the page, "" without a row

BEGIN { some = split(only, word, " ") }
FILENAME == "tests/bugs.txt" && /^[a-z]/ {
  taken = !some
  for (i = 1; i <= some; i++) if (word[i] == $1) taken = 1
  if (taken) name[++bugs] = $1
}
FILENAME == "tests/bugs.txt" {
  key = $1
  sub(/^ *[^ ]* */, "")
  if (taken && key == "is") what[bugs] = $0
  if (taken && key == "symptom") symptom[bugs] = $0
  if (taken && key == "by") by[bugs] = $0
  next
}
FILENAME == "docs/planted-bugs.md" {
  for (b = 1; b <= bugs; b++) {
    words = "| " what[b] " | " symptom[b] " | "
    if (index($0, words) == 1) tests[b] = substr($0, length(words) + 1, length($0) - length(words) - 2)
  }
  next
}
