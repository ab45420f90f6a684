#!/bin/sh
# Who catches the bugs of tests/bugs.txt? Runs every program given, which are linked with the planted
# library (tests/plant.awk), once without a bug, when all must be well, and once with each; prints
# for every bug the tests that failed, and for every test what it caught. The exit status is 1 when
# a bug was caught by nobody. B is the build folder; $B/mutants/table.md is the table for NOTES.md.
set -u
B=${B:-build}
logs=$B/mutants/logs
rm -rf "$logs" && mkdir -p "$logs" || exit 1

bugs="none $(awk '/^[a-z]/ { print $1 }' tests/bugs.txt)"
for bug in $bugs; do
  for program; do echo "$bug $program"; done
done | xargs -P "$(nproc)" -n 2 sh -c '
  log=$0/$1.$(basename "$2")
  NF_BUG=$1 timeout 60 "$2" ${2##*/ch*} > "$log" 2>&1
  echo "exit status $?" >> "$log"' "$logs"

# shellcheck disable=SC2086
awk -v table="$B/mutants/table.md" -f tests/mutants.awk tests/bugs.txt \
  $(for bug in $bugs; do for program; do echo "$logs/$bug.$(basename "$program")"; done; done)
