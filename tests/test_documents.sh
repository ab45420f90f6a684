#!/bin/sh
# The documents: their numbers are those of the golden files, what they quote and name is there, they
# are well formed, and the notes are the same in both languages. See tests/documents/*.awk.
set -u
B=${B:-build} LC_ALL=C
export B LC_ALL
. tests/documents/list.sh
d=tests/documents
# shellcheck disable=SC2086
awk -v phrase_file=$d/phrases.txt -f $d/read.awk -f $d/numbers.awk -f $d/structure.awk -f $d/names.awk -f $d/excerpts.awk \
  -f $d/checks.awk include/nf/*.h src/*/*.h src/*/*.c chapters/*.[hc] tools/*.[hc] plots/*.[hc] Makefile */*.mk golden/*.txt $documents
