#!/bin/sh
# tests/cli.sh FILE runs the cases of a file of tests/cli (the form is in tests/cli.awk), one after
# the other in one empty folder, which is removed. In a case, the programs of the build folder B are
# found by name, ROOT is the tree, and the functions of tests/cli/functions.sh are there. CASE_LIMIT
# is how many seconds a case may take. The exit status is 1 when a case failed.
set -u
ROOT=$(pwd)
B=$(cd "${B:-build}" && pwd) || exit 1
PATH=$B:$B/chapters:$PATH LC_ALL=C
export ROOT B PATH LC_ALL
folder=$(mktemp -d "${TMPDIR:-/tmp}/nf_cli_XXXXXX") || exit 1
mkdir "$folder/files" || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP
awk -v folder="$folder" -v limit="${CASE_LIMIT:-300}" -f tests/cli.awk "$1"
