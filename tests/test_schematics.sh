#!/bin/sh
# The schematics of plots/gallery are what plots/schematic_*.awk draw, byte for byte; each has a title
# and a description, is under 60 kB, and neither runs nor loads anything.
set -u
drawn=$(mktemp)
trap 'rm -f "$drawn"' EXIT

set -- plots/schematic_*.awk
echo "[==========] Running $((2 * $# + 1)) test(s)."
for script; do
  name=$(basename "$script" .awk)
  svg=plots/gallery/$name.svg
  echo "[ RUN      ] ${name}_is_as_drawn"
  LC_ALL=C awk -f plots/schematic.awk -f "$script" plots/style.gp > "$drawn" && cmp "$drawn" "$svg" &&
    echo "[       OK ] ${name}_is_as_drawn"

  echo "[ RUN      ] ${name}_is_safe_to_show"
  if ! grep -q '^<title>.' "$svg" || ! grep -q '^<desc>.' "$svg"; then
    echo "$svg: no title, or no description"
  elif [ "$(wc -c < "$svg")" -ge 60000 ]; then
    echo "$svg: 60 kB or more"
  elif grep -n -E '<script|<style|<image|href|url\(|[" ML-](nan|inf)[" L]' "$svg"; then
    echo "$svg: runs or loads something, or has a coordinate that is no number"
  else
    echo "[       OK ] ${name}_is_safe_to_show"
  fi
done

echo '[ RUN      ] an_unknown_colour_is_an_error'
message=$(echo 'END { line(0, 0, 1, 1, "pink") }' |
  LC_ALL=C awk -f plots/schematic.awk -f - plots/style.gp 2>&1 > "$drawn")
status=$?
if [ "$status $message" = "2 plots/schematic.awk: 'pink' is no colour of plots/style.gp" ]; then
  echo '[       OK ] an_unknown_colour_is_an_error'
else
  echo "status $status: $message"
fi
