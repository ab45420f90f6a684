#!/bin/sh
# Turns the documents given as arguments, NOTES.md say, into $B/book/NOTES.html: one file with its
# style and its figures inside, which asks nothing of the network. Then every link is followed
# (check.sh), and where Chromium is installed it prints NOTES.pdf. B is the build folder.
set -eu
build=${B:-build}
command -v pandoc > /dev/null || {
  echo "book/make.sh: pandoc is missing; on Debian: apt-get install pandoc" >&2
  exit 2
}
mkdir -p "$build/book"
book=$(cd "$build/book" && pwd)

for document; do
  name=$(basename "$document" .md)
  case $name in
    *.zh) language=zh-CN ;;
    *) language=en ;;
  esac
  pandoc --from gfm+tex_math_dollars --to html5 --lua-filter book/book.lua --mathml \
    --shift-heading-level-by=-1 --toc --toc-depth=2 --no-highlight --standalone --self-contained \
    --template book/page.html --css book/book.css --variable language="$language" \
    --metadata pictures="$build/plots" --metadata root="$(realpath --relative-to="$book" .)" \
    --output "$book/$name.html.new" "$document"
  # pandoc makes an operator of log, with wide space on both sides; and of tilde and hat combining
  # characters, which some fonts put beside the letter.
  sed -e 's|<mo>\([A-Za-z][a-z]*\)</mo>|<mo lspace="0.17em" rspace="0.17em">\1</mo>|g' \
    -e 's|\(form="prefix">[^<]*</mo><mo lspace="\)0.17em|\10|g' \
    -e 's|rspace="0.17em">Pr<|rspace="0">Pr<|g' \
    -e 's|accent="true">\xcc\x83<|accent="true">~<|g; s|accent="true">\xcc\x82<|accent="true">^<|g' \
    "$book/$name.html.new" > "$book/$name.html"
  rm "$book/$name.html.new"
done

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ "$(id -u)" -ne 0 ] || as_root=--no-sandbox # Chromium's sandbox refuses root
for document; do
  name=$(basename "$document" .md)
  sh book/check.sh "$book/$name.html"
  echo "$build/book/$name.html"
  [ -n "$chromium" ] || continue
  # shellcheck disable=SC2086
  timeout 120 "$chromium" ${as_root:-} --headless --disable-gpu --no-pdf-header-footer \
    --print-to-pdf="$book/$name.pdf" "file://$book/$name.html" 2> "$book/chromium.log" || {
    cat "$book/chromium.log" >&2
    exit 1
  }
  echo "$build/book/$name.pdf"
done
