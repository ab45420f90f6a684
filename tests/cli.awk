# Runs a file of cases. A case is what a person types and what a program answers:
#
#   # A comment right above a command is the name of the case; else the command is.
#   $ nf train --width 0            sh runs it; more lines with $ go on
#   > a line on stdout              none: stdout is empty
#   ! a line on stderr              none: stderr is empty
#   ? 2                             the exit status; none: 0
#
# In a line, … stands for any text; a line of nothing but … for any lines, also none. A command that
# ends with 77 says on stdout why it cannot run here: the case is skipped. Cases follow one another in
# one folder, so that what one writes the next can read. Two lines are about all cases of a file:
#
#   @ RUN="train --steps 9"         stands before every command
#   @ each CHAPTER chapters/ch*.c   all cases for each source: CHAPTER is its name, without .c
#
# The output is that of cmocka, which tests/run.sh counts. -v folder=F, limit=SECONDS.

function malformed(why) {
  print FILENAME ":" FNR ": " why
  bad = 1
  exit 1
}

# Whether the line is the text, with … for anything.
function alike(text, line,   piece, n, i, at) {
  n = split(text, piece, "…")
  if (n <= 1) return text == line
  if (substr(line, 1, length(piece[1])) != piece[1]) return 0
  line = substr(line, length(piece[1]) + 1)
  for (i = 2; i < n; i++) {
    at = index(line, piece[i])
    if (at == 0) return 0
    line = substr(line, at + length(piece[i]))
  }
  at = length(line) - length(piece[n])
  return at >= 0 && substr(line, at + 1) == piece[n]
}

# Compares a channel's lines with those of case k; returns what is wrong, or "".
function compare(k, channel, mark,   path, line, n, i, at, gap, text) {
  path = folder "/" channel
  while ((getline line[n + 1] < path) > 0) n++
  close(path)
  at = 1
  for (i = 1; i <= lines[k, mark]; i++) {
    text = expected[k, mark, i]
    if (text == "…") {
      gap = 1
      continue
    }
    while (gap && at <= n && !alike(text, line[at])) at++
    if (at > n) return channel " ends before: " text
    if (!alike(text, line[at])) return channel ", line " at ": " line[at] "\n  expected: " text
    at++
    gap = 0
  }
  return at <= n && !gap ? channel ", line " at " is not expected: " line[at] : ""
}

function show(path,   line) {
  while ((getline line < path) > 0) print "  | " line
  close(path)
}

# Runs case k, whose name is shown; word is the value of `variable`.
function run(k, shown, word,   script, got, wrong) {
  script = folder "/case"
  print "[ RUN      ] " shown
  fflush()
  printf ". \"$ROOT/tests/cli/functions.sh\"\n%s", before > script
  if (variable != "") print variable "=" word >> script
  printf "%s", command[k] >> script
  close(script)
  got = system("cd '" folder "/files' && timeout " limit \
               " sh ../case > ../stdout 2> ../stderr < /dev/null")
  if (got == 77) {
    show(folder "/stdout")
    print "[  SKIPPED ] " shown
    return
  }
  if (got == 124) wrong = "no end after " limit " seconds"
  else if (got != status[k]) wrong = "exit status " got ", expected " status[k]
  if (wrong == "") wrong = compare(k, "stdout", ">")
  if (wrong == "") wrong = compare(k, "stderr", "!")
  if (wrong == "") {
    print "[       OK ] " shown
    return
  }
  failed++
  print FILENAME ":" begin[k] ": " wrong
  show(folder "/stderr")
  print "[  FAILED  ] " shown
}

/^@ each [A-Z]+ ./ {
  variable = $3
  list = "for f in " $4 "; do basename \"$f\" .c; done"
  while ((list | getline each[words + 1]) > 0) words++
  close(list)
  if (words == 0) malformed("there is no " $4)
  next
}
/^@ / { before = before substr($0, 3) "\n"; next }
/^#( |$)/ { comment = substr($0, 3); in_case = 0; next }
/^$/ { comment = ""; in_case = 0; next }
/^\$( |$)/ {
  if (in_case != 1) {
    name[++n] = comment != "" ? comment : substr($0, 3)
    begin[n] = FNR
    status[n] = 0
  }
  command[n] = command[n] substr($0, 3) "\n"
  in_case = 1
  comment = ""
  next
}
in_case && /^[>!]( |$)/ {
  mark = substr($0, 1, 1)
  expected[n, mark, ++lines[n, mark]] = substr($0, 3)
  in_case = 2
  next
}
in_case && /^\? [0-9]+$/ { status[n] = $2; in_case = 2; next }
{ malformed("neither #, $, >, !, ?, @ nor an empty line: " $0) }

END {
  if (bad) exit 1
  if (words == 0) words = 1
  print "[==========] Running " words * n " test(s)."
  for (w = 1; w <= words; w++)
    for (k = 1; k <= n; k++) run(k, (variable != "" ? each[w] ": " : "") name[k], each[w])
  exit failed > 0
}
