# The commands of the documents, one a line, each once: where it stands, why it is not run ("" when it
# is), and the command, with tabs between. They are the lines of ```sh blocks, where a \ goes on, and
# each `code span` that runs a program or make; a comment above a block or behind a span says
#
#   <!-- slow: trains for a minute -->     only with -v full=1
#   <!-- not run: needs CIFAR-10 -->       never

function add(d, i, command, mark,   reason) {
  if (match(mark, full != "" ? "^<!-- not run: " : "^<!-- (slow|not run): ")) {
    reason = substr(mark, RLENGTH + 1)
    sub(/ -->.*/, "", reason)
  }
  if (!((command, reason) in listed)) print path[d] ":" i "\t" reason "\t" command
  listed[command, reason] = 1
}

# A chapter; nf with an option, for `build/nf train` only names it; make; a script.
function is_command(span) {
  return span ~ /^(build\/nf .*-|build\/(chapters\/ch|tests\/)|make |sh )/ && \
    (span !~ /^build\/nf / || span ~ / -/)
}

function add_block(d, i,   k, line, command) {
  for (k = i + 1; k <= lines[d] && block(d, k) != "f"; k++) {
    line = text[d, k]
    if (command != "") sub(/^ +/, "", line)
    command = command line
    if (sub(/\\$/, "", command) || command == "") continue
    add(d, k, command, text[d, i - 1])
    command = ""
  }
}

function add_spans(d, i,   t, at, k, span) {
  t = text[d, i]
  for (at = 1; match(substr(t, at), /`[^`]*`/); at = k + length(span) + 2) {
    k = at + RSTART - 1
    span = substr(t, k + 1, RLENGTH - 2)
    if (part_at(d, i, k) == "c" && is_command(span)) add(d, i, span, substr(t, k + RLENGTH))
  }
}

END {
  for (d = 1; d <= documents; d++)
    for (i = 1; i <= lines[d]; i++) {
      if (open_fence[d, i] && fence[d, i] ~ /^(sh)?$/) add_block(d, i)
      if (block(d, i) == "p") add_spans(d, i)
    }
}
