#!/bin/sh
# Files as C arrays, on stdout:  sh embed.sh NAME FILE [NAME FILE …]
# extern const unsigned char NAME[];  extern const size_t NAME_size;
set -eu

array() { # name, file
  test -s "$2" || { echo "embed.sh: $2: missing or empty" >&2; exit 2; }
  printf '\nconst unsigned char %s[] = {\n' "$1"
  od -An -v -tx1 "$2" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
  printf '};\nconst size_t %s_size = sizeof %s;\n' "$1" "$1"
}

if [ $# -eq 0 ] || [ $(($# % 2)) -ne 0 ]; then
  echo 'usage: sh embed.sh NAME FILE [NAME FILE …]' >&2
  exit 2
fi
printf '/* Made by data/embed.sh; data/README.md tells what is in here. */\n#include <stddef.h>\n'
while test $# -gt 0; do
  array "$1" "$2"
  shift 2
done
