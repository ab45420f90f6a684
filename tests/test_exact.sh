#!/bin/sh
# Exact values (golden/exact.txt, proofs/exact.c): computed again by ball arithmetic they are the same, digit for
# digit, where Arb is installed; and every quantity of the chapters that have them, as the program prints
# it in double, lies within the tolerance of its golden file around the exact value. See docs/verification.md.
set -u
B=${B:-build}
. tests/cases.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

with_arb() { # 77 and a line when $1 has not been built
  [ -x "$1" ] && return
  echo "Arb is not installed; ./setup dev installs it"
  exit 77
}

the_table_is_computed_again() {
  with_arb "$B/proofs/exact"
  "$B/proofs/exact" | diff golden/exact.txt -
}

# 30 significant digits and more, leading zeros left out, and a radius of one unit of the last.
every_value_has_30_digits() {
  awk '/^#/ { next }
       { digits = $3; sub(/.*[.]/, "", digits); decimals = length(digits) }
       { digits = $3; sub(/^-?0[.]0*/, "", digits); gsub(/[-.]/, "", digits) }
       $4 != "1e-" decimals || length(digits) < 30 && $3 != 0 { print; bad = 1 }
       END { exit bad || NR < 180 }' golden/exact.txt
}

the_double_results_are_close() {
  for golden in golden/ch0[12369]_*.txt; do
    chapter=$(basename "$golden" .txt) number=${golden#golden/}
    awk -v number="${number%%_*}_" '
      /^#/ { next }
      FILENAME ~ /exact/ { exact[$1] = $3; next }
      { print $1, "ref", exact[number $1], $4, $5 }' golden/exact.txt "$golden" > "$folder/exact"
    "$B/chapters/$chapter" --csv > "$folder/csv" || echo "$chapter failed"
    awk -f tests/cli/golden.awk "$folder/exact" "$folder/csv"
  done > "$folder/out"
  cat "$folder/out"
  [ ! -s "$folder/out" ]
}

# The quantiles of plots/exact_digits.gp, some of which docs/verification.md states.
true_digits_are_those_of_the_figure() {
  with_arb "$B/proofs/true_digits"
  "$B/proofs/true_digits" --csv > "$folder/digits" || return
  awk -f tests/cli/golden.awk golden/true_digits.txt "$folder/digits" > "$folder/out"
  cat "$folder/out"
  [ ! -s "$folder/out" ]
}

tests='the_table_is_computed_again every_value_has_30_digits the_double_results_are_close
  true_digits_are_those_of_the_figure'
echo "[==========] Running $(echo "$tests" | wc -w) test(s)."
run
