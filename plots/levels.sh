#!/bin/sh
# levels.sh NF OUT: what each level of the shipped flows of images carries, of icons at 4 times their
# size and of digits at 16 times, all from data that they were not trained on. Prints the file names.
set -eu
nf=$1 out=$2
"$nf" levels data/flows/icons.safetensors --data icons --range 202:208 --n 6 --zoom 4 --seed 2 \
  --out "${out}_icons.png"
"$nf" levels data/flows/digits.safetensors --data digits --range 1500:1797 --n 6 --zoom 16 --seed 2 \
  --out "${out}_digits.png"
echo "${out}_icons.png" "${out}_digits.png"
