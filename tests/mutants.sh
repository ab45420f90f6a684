#!/bin/sh
# Runs every program given, which are linked with the planted library (tests/plant.awk), once without
# a bug, when all tests must pass, and once with each bug of tests/bugs.txt. A bug that names its tests
# runs with these instead, which run the command line with all bugs planted, $B/mutants/cli/nf. Prints
# for every bug the tests that failed, and for every test how many bugs it found. The exit status is 1
# when no test failed for a bug, or a bug has no row in docs/planted-bugs.md. B is the build folder; the
# table for that page is written to $B/mutants/table.md.
set -u
B=${B:-build}
logs=$B/mutants/logs
rm -rf "$logs" && mkdir -p "$logs" || exit 1

# The slowest tests are left out: 70 times they would take minutes.
cat > "$B/mutants/one.sh" <<'ONE'
by=
case $2 in
*/test_catalogue) NF_SKIP='*8x8x3*' ;;
*/test_density) NF_SKIP='*on_the_plane' ;;
*/test_samples) NF_SKIP='the_false_alarm_rate*' ;;
*/ch*) csv=--csv ;;
*.txt) B=$B/mutants/cli by='sh tests/cli.sh' ;;
*/tests/test_*) B=$B/mutants/cli ;;
esac
export B NF_BUG="$1" ${NF_SKIP+NF_SKIP}
# shellcheck disable=SC2086
timeout 60 $by "$2" ${csv-} > "$3" 2>&1
echo "exit status $?" >> "$3"
ONE

awk -v b="$B" -v logs="$logs" -v programs="$*" '
  function run(bug, list,   word, n, i, file) {
    n = split(list, word, " ")
    for (i = 1; i <= n; i++) {
      file = word[i]
      sub(/.*\//, "", file)
      print bug, word[i], logs "/" bug "." file
    }
  }
  /^[a-z]/ { name[++bugs] = $1 }
  $1 == "by" {
    for (i = 2; i <= NF; i++) {
      path = $i ~ /^test_/ ? b "/tests/" $i : "tests/cli/" $i ".txt"
      by[bugs] = by[bugs] " " path
      if (!(path in known)) all = all " " path
      known[path] = 1
    }
  }
  END {
    run("none", programs all)
    for (i = 1; i <= bugs; i++) run(name[i], by[i] != "" ? by[i] : programs)
  }' tests/bugs.txt > "$B/mutants/runs"
export B
xargs -P "$(nproc)" -n 3 sh "$B/mutants/one.sh" < "$B/mutants/runs"

# shellcheck disable=SC2046
awk -v table="$B/mutants/table.md" -f tests/mutants.awk tests/bugs.txt \
  $(cut -d ' ' -f 3 "$B/mutants/runs") docs/planted-bugs.md
