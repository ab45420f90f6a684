#!/bin/sh
# The page in a real browser (web/check.py), where Chromium, its driver and clang's WebAssembly are
# installed: ./setup web.
set -u
B=${B:-build}
page=build/web/index.html
lacking=$(/usr/bin/python3 -B -c 'import sys; sys.path.insert(0, "web"); import browser; print(*browser.missing())')
[ -e $page ] || lacking="$lacking $page"
if [ -n "$lacking" ]; then
  # shellcheck disable=SC2086
  echo "not tested: the page, without" $lacking
  echo '[==========] Running 1 test(s).'
  echo '[ RUN      ] page'
  echo '[  SKIPPED ] page'
  exit 0
fi
exec /usr/bin/python3 -B web/check.py "$B" $page
