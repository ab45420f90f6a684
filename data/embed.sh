#!/bin/sh
# The two image files as C arrays, on stdout:  sh embed.sh digits.csv.gz icons32.bin.gz
set -eu

array() { # name, file
  test -s "$2" || { echo "embed.sh: $2: missing or empty" >&2; exit 2; }
  printf '\nconst unsigned char %s[] = {\n' "$1"
  od -An -v -tx1 "$2" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
  printf '};\nconst size_t %s_size = sizeof %s;\n' "$1" "$1"
}

test $# -eq 2 || { echo 'usage: sh embed.sh digits.csv.gz icons32.bin.gz' >&2; exit 2; }
printf '/* Made by data/embed.sh; data/README.md tells what is in here. */\n#include <stddef.h>\n'
array nf_digits_gz "$1"
array nf_icons_gz "$2"
