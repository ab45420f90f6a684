#!/bin/sh
# Runs programs that are linked with the planted library (tests/plant.awk), all of them once without a
# bug, when every test must pass, and then with each bug of tests/bugs.txt until a test fails, beginning
# with the program that docs/planted-bugs.md names first for it. The exit status is 1 when no test failed
# for a bug, or that page lacks it or names another test. A bug that names its tests runs with these
# instead, which run the command line with all bugs planted, $B/mutants/cli/nf.
#
# ALL=1 runs all tests with each bug, counts them, and writes the table of that page to
# $B/mutants/table.md. BUG='NAME…' takes these bugs alone. B is the build folder.
set -u
B=${B:-build}
logs=$B/mutants/logs
rm -rf "$logs" && mkdir -p "$logs" || exit 1

# The bug, then the programs that run with it. The slowest tests are left out. An endless loop ends by
# its processor time, so that no other load on the machine makes a test fail, and a deadlock by the clock.
cat > "$B/mutants/one.sh" <<'ONE'
export NF_BUG=$1
log=$B/mutants/logs/$NF_BUG
ulimit -t 15
build=$B
[ "$1" = none ] || [ "${ALL-}" ] || export CMOCKA_TEST_ABORT=1
shift
for program; do
  by= skip= csv= B=$build/mutants/cli
  case $program in
  */test_catalogue) skip='*8x8x3*' ;;
  */test_density) skip='*on_the_plane' ;;
  */test_samples) skip='the_false_alarm_rate*' ;;
  */ch*) csv=--csv ;;
  *.txt) by='sh tests/cli.sh' ;;
  esac
  [ "$by" ] || [ "${program%/tests/*}" != "$program" ] || B=$build
  echo "program $program" >> "$log"
  # shellcheck disable=SC2086
  B=$B NF_SKIP=$skip timeout 600 $by "$program" $csv >> "$log" 2>&1
  status=$?
  printf '\nexit status %s\n' $status >> "$log"
  [ "$NF_BUG" = none ] || [ "${ALL-}" ] || [ $status -eq 0 ] || break
done
ONE

awk -v build="$B" -v programs="$*" -v only="${BUG-}" -f tests/bugs.awk -f tests/mutants_order.awk \
  tests/bugs.txt docs/planted-bugs.md > "$B/mutants/runs" || exit 2
export B
xargs -P "$(nproc)" -L 1 sh "$B/mutants/one.sh" < "$B/mutants/runs"

awk -v all="${ALL-}" -v only="${BUG-}" -v table="$B/mutants/table.md" -f tests/bugs.awk -f tests/mutants.awk \
  tests/bugs.txt docs/planted-bugs.md "$logs"/*
