# shellcheck shell=sh
# The documents that are tested, in $documents.
documents=
for d in NOTES.md NOTES.zh.md README.md README.zh.md CONTRIBUTING.md docs/*.md data/flows/README.md data/uva/README.md; do
  [ ! -e $d ] || documents="$documents $d"
done
