#!/bin/sh
# digits.sh NF OUT: draws from the flows of digits that are shipped, at 8 times their size: a sheet of
# samples, and one of samples by class; 25 latent points at four temperatures; and the way between two
# images, four times. Prints the file names.
set -eu
nf=$1 out=$2 flow=data/flows/digits.safetensors
"$nf" sample $flow --n 64 --temperature 0.8 --zoom 8 --out "${out}_samples.png"
echo "${out}_samples.png"
"$nf" sample data/flows/classes.safetensors --n 100 --columns 10 --zoom 8 --out "${out}_classes.png"
echo "${out}_classes.png"
for temperature in 0.5 0.7 0.85 1; do
  "$nf" sample $flow --n 25 --temperature $temperature --seed 1 --zoom 8 \
    --out "${out}_at_$temperature.png"
  echo "${out}_at_$temperature.png"
done
for ends in 0,1 2,3 4,6 8,9; do
  "$nf" interpolate $flow --data digits --from ${ends%,*} --to ${ends#*,} --n 11 --zoom 8 \
    --out "${out}_from_${ends%,*}.png"
  echo "${out}_from_${ends%,*}.png"
done
