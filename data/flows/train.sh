#!/bin/sh
# train.sh NF FOLDER: trains the flows that are shipped in data/flows, with the command line NF, into
# FOLDER. `make flows` runs it, and compares what eval.sh finds with golden/flows.txt.
set -eu
nf=$1 out=$2
mkdir -p "$out"
rm -f "$out"/*

"$nf" train --data digits --range 0:1500 --model realnvp --alpha 0.0001 --width 48 --epochs 150 \
  --seed 1 --out "$out/digits.safetensors"

"$nf" train --data digits --range 0:1500 --condition label --steps 2500 --seed 1 \
  --out "$out/classes.safetensors"

"$nf" train --data icons --range 0:190 --holdout 20 --model glow --levels 3 --depth 2 --width 48 \
  --alpha 0.001 --batch 16 --steps 3000 --seed 1 --out "$out/icons.safetensors"

"$nf" train --data toy:moons --model realnvp --depth 12 --width 32 --batch 512 --steps 8000 \
  --rate 0.003 --clip 10 --seed 1 --out "$out/moons.safetensors"
