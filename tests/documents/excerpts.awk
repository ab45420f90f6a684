# What the documents quote is there: a ```text block shows what a program prints, and a ```c block what
# stands in a file, line by line; the comment above it names the program or the file:
#
#   <!-- output of build/chapters/ch02_linear_affine -->      <!-- from examples/moons.c -->
#
# Where lines are left out it says so by a line "…" or a comment of C with it.

# The command that prints the source of the block that opens on line i, or "".
function source_command(d, i,   comment) {
  comment = i > 1 ? text[d, i - 1] : ""
  if (comment ~ /^<!-- from [^ ]+ -->$/) return "cat '" substr(comment, 11, length(comment) - 14) "'"
  if (comment ~ /^<!-- output of build\/[a-z0-9_\/ -]+ -->$/)
    return "\"$B\"/" substr(comment, 22, length(comment) - 25) " 2>&1"
  return ""
}

# Differences vary by machine and do not count: "difference 4e-16", or a last word 4e-16.
function same_line(shown, line) {
  if (match(shown, /difference/) || match(shown, / [0-9]e-[0-9][0-9]?$/))
    return substr(shown, 1, RSTART - 1) == substr(line, 1, RSTART - 1)
  return shown == line
}

function check_excerpts(d,   i, k, n, at, gap, command, line, shown) {
  for (i = 1; i <= lines[d]; i++) {
    if (!open_fence[d, i] || block_kind(fence[d, i]) != "e") continue
    command = source_command(d, i)
    if (command == "") {
      fault(d, i, "above ```" fence[d, i] ": <!-- output of build/… --> or <!-- from … -->")
      continue
    }
    for (n = 0; (command | getline line[n + 1]) > 0; n++) continue
    close(command)
    at = gap = 1
    for (k = i + 1; block(d, k) == "e"; k++) {
      shown = text[d, k]
      if (shown ~ /^ *(…|\/\* … \*\/)$/) {
        gap = 1
        continue
      }
      while (gap && at <= n && !same_line(shown, line[at])) at++
      if (at > n || !same_line(shown, line[at])) {
        fault(d, k, "this line is not there, or not here, in: " command)
        break
      }
      at++
      gap = 0
    }
  }
}
