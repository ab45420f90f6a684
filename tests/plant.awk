# Plants bugs. The first file is tests/bugs.txt; the others are sources it names, and copies of them
# go to the folder `to`, where every expression of a bug has become
#
#   (nf_bug_planted == NUMBER ? (wrong) : (right))
#
# beside bugs.c, which takes the bug's name from the environment, NF_BUG. An expression that is not
# found is an error.

function fault(what) {
  print "tests/bugs.txt: " what > "/dev/stderr"
  broken = 1
}

# --- the list of bugs -------------------------------------------------------------------------
NR == FNR && (/^#/ || NF == 0) { next }
NR == FNR && /^[^ ]/ {
  name[++bugs] = $1
  file = function_ = ""
  next
}
NR == FNR {
  key = $1
  text = $0
  sub(/^ *[^ ]+ */, "", text)
  if (key == "file") { file = text; function_ = "" }
  if (key == "in") function_ = text
  if (key == "-") right = text
  if (key == "+") {
    pairs++
    bug_of[pairs] = bugs; file_of[pairs] = file; function_of[pairs] = function_
    right_of[pairs] = right; wrong_of[pairs] = text
  }
  next
}

# --- the sources ------------------------------------------------------------------------------
FNR == 1 && !order[1] {
  for (p = 1; p <= pairs; p++) {
    for (o = p; o > 1 && length(right_of[order[o - 1]]) < length(right_of[p]); o--)
      order[o] = order[o - 1]
    order[o] = p
  }
}

FNR == 1 {
  if (copy != "") close(copy)
  copy = to "/" FILENAME
  folder = copy
  sub(/\/[^\/]*$/, "", folder)
  system("mkdir -p " folder)
  print "extern int nf_bug_planted;\n#line 1 \"" FILENAME "\"" > copy
}

/^[a-z].*\(/ { # a function begins
  inside = $0
  sub(/\(.*/, "", inside)
  sub(/.*[ *]/, "", inside)
}

# Long expressions first, so that a short one may be part of a long one; what is wrong is put in at
# the end, so that nothing is planted into it.
{
  line = $0
  for (o = 1; o <= pairs; o++) {
    p = order[o]
    if (file_of[p] != FILENAME || (function_of[p] != "" && function_of[p] != inside)) continue
    done = ""
    while ((at = index(line, right_of[p])) > 0) {
      done = done substr(line, 1, at - 1) "(nf_bug_planted == " bug_of[p] " ? (\001" p "\002) : (" \
             right_of[p] "))"
      line = substr(line, at + length(right_of[p]))
      found[p]++
    }
    line = done line
  }
  while (match(line, /\001[0-9]+\002/))
    line = substr(line, 1, RSTART - 1) wrong_of[substr(line, RSTART + 1, RLENGTH - 2)] \
           substr(line, RSTART + RLENGTH)
  print line > copy
}

END {
  for (p = 1; p <= pairs; p++)
    if (!found[p])
      fault(name[bug_of[p]] ": not in " file_of[p] \
               (function_of[p] != "" ? ", " function_of[p] : "") ": " right_of[p])
  out = to "/bugs.c"
  print "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\nint nf_bug_planted;\n" \
        "static const char *const name[] = {\"none\"," > out
  for (b = 1; b <= bugs; b++) print "    \"" name[b] "\"," > out
  print "};\n__attribute__((constructor)) static void plant(void) {\n" \
        "  const char *wanted = getenv(\"NF_BUG\");\n  const int n = sizeof name / sizeof *name;\n" \
        "  if (wanted == NULL) return;\n" \
        "  while (nf_bug_planted < n && strcmp(name[nf_bug_planted], wanted) != 0) nf_bug_planted++;\n" \
        "  if (nf_bug_planted < n) return;\n" \
        "  fprintf(stderr, \"there is no bug '%s'\\n\", wanted);\n  exit(2);\n}" > out
  exit broken
}
