#!/bin/sh
# Which lines of src/ the tests run, by gcov, after a `make check` with --coverage in the build
# folder given: a table of the floors, and the lines that no test runs. A line counts as run when
# the double or the float build ran it. Exit status 1 when fewer than 95 % were.
set -u
build=$1
find "$build/double/src" "$build/float/src" -name '*.gcno' |
  xargs gcov --stdout --object-directory . 2>/dev/null | awk '
  $1 == "-:" && /:Source:/ { sub(/.*:Source:/, ""); file = $0; next }
  file !~ /^src\// { next }
  match($0, /^ *[^ :]+: *[0-9]+:/) {
    split(substr($0, 1, RLENGTH), part, ":")
    count = part[1] + 0; line = part[2] + 0
    if (part[1] ~ /-/ || line == 0) next
    if (!((file, line) in seen)) { seen[file, line]; order[file] = line > order[file] ? line : order[file] }
    if (count > 0) run[file, line]
  }
  END {
    while ((getline floor < "src/LAYERS") > 0)
      if (floor !~ /^#/ && floor != "") floors[++n] = floor
    printf "%-12s %6s %6s %7s\n", "floor", "lines", "run", "%"
    for (i = 1; i <= n; i++) {
      lines = good = 0
      for (key in seen) {
        split(key, at, SUBSEP)
        if (index(at[1], "src/" floors[i] "/") == 1) { lines++; good += key in run }
      }
      all += lines; all_good += good
      printf "%-12s %6d %6d %7.1f\n", floors[i], lines, good, lines ? 100 * good / lines : 0
    }
    printf "%-12s %6d %6d %7.1f\n\nnot run\n", "total", all, all_good, all ? 100 * all_good / all : 0
    for (file in order) {
      text = ""
      for (line = 1; line <= order[file]; line++)
        if ((file, line) in seen && !((file, line) in run)) text = text " " line
      if (text != "") print file ":" text | "sort"
    }
    close("sort")
    exit !(all > 0 && all_good >= 0.95 * all)
  }'
