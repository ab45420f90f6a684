#!/bin/sh
# The lines of src/ that the tests run: `make check` with --coverage in the build folder given, then
# gcov's counts, a table of the floors, and below it the lines that no test runs. A line in several
# objects (of a header, say) counts once. Exit status 1 when fewer than 95 % are run.
set -u
mkdir -p "$1" && find "$1" -name '*.gcda' -delete
LDFLAGS=--coverage make --no-print-directory B="$1" CC=gcc check \
  PROOF='$(BASE) -ffp-contract=off -O0 --coverage -fprofile-update=atomic' || exit 1
find "$1/double/src" -name '*.gcno' | xargs gcov --stdout 2> "$1/gcov.log" | awk '
  /^ *-: *0:Source:/ { sub(/.*:Source:/, ""); file = $0 }
  file ~ /^src\// && match($0, /^ *[0-9#=]+\*?: *[0-9]+:/) {
    split($0, part, ":")
    line = part[2] + 0
    if (!((file, line) in run)) run[file, line] = 0
    if (part[1] + 0 > 0) run[file, line] = 1
    if (line > last[file]) last[file] = line
  }
  function row(name, lines, good) {
    printf "%-12s %6d %6d %6.1f\n", name, lines, good, (lines ? 100 * good / lines : 0)
  }
  END {
    printf "%-12s %6s %6s %6s\n", "floor", "lines", "run", "%"
    while ((getline floor < "src/LAYERS") > 0) {
      if (floor ~ /^#/) continue
      lines = good = 0
      for (key in run)
        if (index(key, "src/" floor "/") == 1) { lines++; good += run[key] }
      row(floor, lines, good)
      all += lines; all_good += good
    }
    row("all", all, all_good)
    print "\nnot run"
    for (file in last) {
      text = ""
      for (line = 1; line <= last[file]; line++)
        if ((file, line) in run && !run[file, line]) text = text " " line
      if (text != "") print "  " file ":" text | "sort"
    }
    close("sort")
    exit !(all > 0 && all_good >= 0.95 * all)
  }'
