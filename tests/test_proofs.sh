#!/bin/sh
# The proofs of the notes' equations (proofs/run.py): all hold, their table is docs/proofs.md, and what is
# wrong on purpose is found: an equation without a proof, a proof without an equation, a misprint, and a
# sample of those that `make misprints` and `make signs` make.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prove() { /usr/bin/python3 -B proofs/run.py "$@"; }

proved() {
  prove > "$folder/out" || { cat "$folder/out"; return 1; }
  tail -n 1 "$folder/out" | awk '/^[0-9]+ of [0-9]+ equations proved, [0-9]+ stated with a check$/ && $1 + $6 == $3 { ok = 1 }
                                 END { exit !ok }'
}
the_table_is_current() { prove --table | diff docs/proofs.md -; }
misprints_are_found() { prove --misprints --every 59; }
signs_are_found() { prove --signs --every 17; }

# Six faults in a copy of the notes, and what is said of each.
faults_are_named() {
  sed '/^\\log p_X(x) = \\log p_Z(f(x)) + /s/ + / - /
       /\\tag{3.1}/s/ + t(x_a)//
       /\\tag{5.7}/s/\\lambda/\\mu/
       s/ \\tag{9.3}//' NOTES.md > "$folder/NOTES.md"
  printf '\n```math\na = b \\tag{9.99}\n```\n' >> "$folder/NOTES.md"
  sed '/\\tag{2.1}/s/b,/b -/' NOTES.md > "$folder/NOTES.zh.md"
  prove --notes "$folder/NOTES.md" > "$folder/out"
  [ $? -eq 1 ] || return 1
  grep '^(' "$folder/out" > "$folder/named"
  diff - "$folder/named" << 'END'
(9.3) no such equation in the notes
(1.5) Unproved: left = right does not hold
(3.1) Unproved: left = right does not hold
(5.7) Unreadable: '\mu' is not in the table
(9.99) no entry in proofs/
(2.1) another equation in NOTES.zh.md
END
}

tests='proved the_table_is_current faults_are_named misprints_are_found signs_are_found'
echo "[==========] Running $(echo "$tests" | wc -w) test(s)."
for test in $tests; do
  echo "[ RUN      ] $test"
  if ! /usr/bin/python3 -c 'import sympy' 2> /dev/null; then
    echo "[  SKIPPED ] $test"
  elif $test > "$folder/log" 2>&1; then
    echo "[       OK ] $test"
  else
    cat "$folder/log"
  fi
done
