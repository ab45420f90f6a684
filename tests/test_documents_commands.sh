#!/bin/sh
# The commands in the documents work as they are written (tests/documents/commands.awk). They run in a
# copy of the tree, one after the other, where build/ is the build folder B; each must end with status
# 0 within 300 s. A target of make is only looked at (make -n), for it may be the one that runs this
# test. FULL=1 runs the slow ones, too.
set -u
LC_ALL=C
export LC_ALL
B=$(cd "${B:-build}" && pwd) || exit 1
folder=$(mktemp -d "${TMPDIR:-/tmp}/nf_documents_XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$folder/tree"
for f in *; do [ "$f" = build ] || cp -R "$f" "$folder/tree/" || exit; done
ln -s "$B" "$folder/tree/build"

. tests/documents/list.sh
# shellcheck disable=SC2086
awk -v full="${FULL-}" -f tests/documents/read.awk -f tests/documents/commands.awk $documents \
  > "$folder/commands" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL B

failed=0 tab=$(printf '\t')
echo "[==========] Running $(grep -c . "$folder/commands") test(s)."
while read -r line; do
  where=${line%%"$tab"*} line=${line#*"$tab"}
  reason=${line%%"$tab"*} command=${line#*"$tab"}
  echo "[ RUN      ] $command"
  if [ -n "$reason" ]; then
    echo "$where: $reason"
    echo "[  SKIPPED ] $command"
    continue
  fi
  case $command in
    make | 'make '*) run="make -n${command#make}" ;;
    *) run=$command ;;
  esac
  (cd "$folder/tree" && sh -c "timeout 300 $run" > "$folder/output" 2>&1 < /dev/null)
  status=$?
  if [ $status = 0 ]; then
    echo "[       OK ] $command"
  else
    echo "$where: exit status $status"
    head -c 2000 "$folder/output"
    echo "[  FAILED  ] $command"
    failed=1
  fi
done < "$folder/commands"
exit $failed
