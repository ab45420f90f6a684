#!/bin/sh
# Runs the tests given as arguments, programs, scripts *.sh and files of cases *.txt (tests/cli.sh), and
# counts them: one line for a program whose tests all hold, its whole output for the others. The last
# line is the sum,
#
#   N passed, N failed[, N skipped]
#
# and the exit status 0 or 1. A program's own exit status is cmocka's number of failures, which
# wraps at 256, so what counts is the output: a test that was announced and neither passed nor
# was skipped has failed. A crash, a bad exit status without a failed test (a leak, say) and a
# program that runs no test are one failure each; so is a program that has not ended after LIMIT
# seconds. B is the build folder; logs go to $B/tests.
set -u
B=${B:-build}
mkdir -p "$B/tests" || exit 1
passed=0 failed=0 skipped=0

for program; do
  log=$B/tests/$(basename "$program").log
  case $program in
    *.txt) by='sh tests/cli.sh' ;;
    *.sh) by="sh" ;;
    *) by= ;;
  esac
  # shellcheck disable=SC2086
  timeout --foreground "${LIMIT:-1800}" $by "$program" > "$log" 2>&1
  status=$?
  counts=$(awk -v status="$status" '
    function ends(with) { return substr($0, length($0) - length(with) + 1) == with }
    match($0, /Running [0-9]+ test/) { announced += substr($0, RSTART + 8, RLENGTH - 13) }
    sub(/^\[ RUN      \] /, "") { name = $0; next }
    name != "" && ends("[       OK ] " name) { passed++; name = "" }
    name != "" && ends("[  SKIPPED ] " name) { skipped++; name = "" }
    END {
      failed = announced - passed - skipped
      if (failed <= 0 && (status != 0 || announced == 0)) failed = 1
      print passed + 0, failed + 0, skipped + 0
    }' "$log")
  # shellcheck disable=SC2086
  set -- $counts
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
  if [ "$2" -gt 0 ]; then
    cat "$log"
    [ "$status" -ne 124 ] || echo "$program: no end after ${LIMIT:-1800} seconds"
    [ "$status" -lt 128 ] || echo "$program: ended by signal $((status - 128))"
  fi
  echo "$(basename "$program"): $1 passed, $2 failed$([ "$3" -eq 0 ] || echo ", $3 skipped")"
done

echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
