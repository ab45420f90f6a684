#!/bin/sh
# golden/update.sh CH ACCEPT: how chapter CH (02, or nothing for all) differs from its golden file.
# Writes the file only when ACCEPT is 1. `make golden CH=02` calls it with B set.
#
#   # name  kind  value  atol  rtol        kind: num   what the chapter printed when it was accepted
#                                                ref   a value from elsewhere, never rewritten here
#
# A known quantity keeps its kind and tolerances, and its whole line while the chapter agrees with
# the value within them; a new one gets atol 1e-13, rtol 0. The file's own comments stay on top.
set -eu
build=${B:-build}
case ${1:-} in
  *[!0-9]*) echo "golden/update.sh: CH is '$1'; it must be a number such as 02" >&2; exit 2 ;;
  ?) only=0$1 ;;
  *) only=${1:-} ;;
esac
accept=${2:-}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

found=
for program in "$build"/chapters/ch"$only"*; do
  [ -x "$program" ] || continue
  found=yes
  golden=golden/$(basename "$program").txt
  [ -e "$golden" ] && old=$golden || old=/dev/null
  "$program" --csv > "$temporary/csv" || {
    echo "golden/update.sh: $program --csv failed; its claims must hold first" >&2
    exit 1
  }
  awk '
    function line(name, kind, value, atol, rtol) {
      printf "%-28s  %-4s  %-24s  %-6s  %s\n", name, kind, value, atol, rtol
    }
    function size(v) { return v < 0 ? -v : v }
    FILENAME == old {
      if (/^#/) { print; headed = headed || /^# name / }
      else { entry[$1] = $0; kind[$1] = $2; value[$1] = $3; atol[$1] = $4; rtol[$1] = $5 }
      next
    }
    !headed++ { line("# name", "kind", "value", "atol", "rtol") }
    {
      split($0, part, ",")
      name = part[1]
      if (!(name in entry)) line(name, "num", part[2], "1e-13", "0")
      else if (kind[name] == "ref" ||
               size(part[2] - value[name]) <= atol[name] + rtol[name] * size(value[name]))
        print entry[name]
      else line(name, kind[name], part[2], atol[name], rtol[name])
    }' old="$old" "$old" "$temporary/csv" > "$temporary/new"
  if cmp -s "$old" "$temporary/new"; then
    echo "$golden: as it was"
  elif [ "$accept" = 1 ]; then
    diff -u "$old" "$temporary/new" || :
    cp "$temporary/new" "$golden.new"
    mv "$golden.new" "$golden"
    echo "$golden: written"
  else
    diff -u "$old" "$temporary/new" || :
    echo "$golden: differs; ACCEPT=1 writes it"
  fi
done
if [ -z "$found" ]; then
  echo "golden/update.sh: no chapter '$only' in $build/chapters; CH is a number such as 02" >&2
  exit 2
fi
