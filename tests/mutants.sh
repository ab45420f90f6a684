#!/bin/sh
# Runs every program given, which are linked with the planted library (tests/plant.awk), once without
# a bug, when all tests must pass, and once with each of tests/bugs.txt. Prints for every bug the
# tests that failed, and for every test how many bugs it found. The exit status is 1 when no test
# failed for a bug, or a bug has no row in docs/planted-bugs.md. B is the build folder; the table for that
# page is written to $B/mutants/table.md.
set -u
B=${B:-build}
logs=$B/mutants/logs
rm -rf "$logs" && mkdir -p "$logs" || exit 1

# The slowest tests are left out: 70 times they would take minutes.
cat > "$B/mutants/one.sh" <<'ONE'
case $2 in
*/test_catalogue) NF_SKIP='*8x8x3*' ;;
*/test_models) NF_SKIP='*on_the_plane' ;;
*/test_samples) NF_SKIP='the_false_alarm_rate*' ;;
*/ch*) csv=--csv ;;
esac
export NF_BUG="$1" ${NF_SKIP+NF_SKIP}
timeout 60 "$2" ${csv-} > "$3" 2>&1
echo "exit status $?" >> "$3"
ONE

bugs="none $(awk '/^[a-z]/ { print $1 }' tests/bugs.txt)"
for bug in $bugs; do
  for program; do echo "$bug $program $logs/$bug.$(basename "$program")"; done
done > "$B/mutants/runs"
xargs -P "$(nproc)" -n 3 sh "$B/mutants/one.sh" < "$B/mutants/runs"

# shellcheck disable=SC2046
awk -v table="$B/mutants/table.md" -f tests/mutants.awk tests/bugs.txt \
  $(cut -d ' ' -f 3 "$B/mutants/runs") docs/planted-bugs.md
