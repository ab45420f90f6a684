#!/bin/sh
# Follows every link of a page of the book: each #anchor is the id of something in the page, each
# relative link a file of the tree. Nothing that the page shows comes from elsewhere, all maths
# is MathML, and no line ends within an option. One line for each fault on stderr; exit status 1
# when there is any.
set -eu
page=$1
folder=$(dirname "$page")
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# The values of an attribute, one a line.
values() { grep -o " $1=\"[^\"]*\"" "$page" | sed 's/^[^"]*"//; s/"$//' | sort -u; }

values id > "$list"
faults=$(
  values href | while read -r link; do
    case $link in
      '#'*) grep -qxF -e "${link#?}" "$list" || echo "no $link in the page" ;;
      http://* | https://*) ;;
      *) [ -e "$folder/${link%%#*}" ] || echo "no file $link" ;;
    esac
  done
  values src | grep -v '^data:' | cut -c 1-80 | sed 's/^/not inside the page: /' || true
  grep -o 'url([^d)][^)]*)' "$page" | sed 's/^/not inside the page: /' || true
  grep -o '<script[^>]*>\|<link[^>]*>' "$page" | cut -c 1-80 | sed 's/^/no need for /' || true
  grep -v '<pre' "$page" | grep -o '<code>\([^<]* \)\{0,1\}--[a-z]*' | sed 's/^/a line can end in /' || true
  grep -o '<span class="math[^>]*>[^<]*' "$page" | sed 's/^/maths as text: /' || true
)
[ -z "$faults" ] || {
  printf '%s\n' "$faults" | sed "s|^|$page: |" >&2
  exit 1
}
