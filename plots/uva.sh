#!/bin/sh
# uva.sh NF OUT: draws 48 samples from the flow of data/uva, at 4 times their size. Prints the file name.
set -eu
nf=$1 out=$2
"$nf" import data/uva/mnist_flow.safetensors --table data/uva/mnist_flow.table --out "$out.safetensors"
"$nf" sample "$out.safetensors" --n 48 --columns 12 --zoom 4 --out "${out}_sheet.png"
echo "${out}_sheet.png"
