#!/bin/sh
# digits.sh NF OUT: trains a flow on the embedded digits, 1500 steps, and draws from it. The same
# latent points at four temperatures, and the way between two images, four times. Prints the file
# names.
set -eu
nf=$1 out=$2
rm -f "$out".safetensors "$out".last.safetensors "$out".csv
"$nf" train --data digits --steps 1500 --seed 1 --out "$out.safetensors" > "$out.log" || {
  cat "$out.log" >&2
  exit 2
}
for temperature in 0.5 0.7 0.85 1; do
  "$nf" sample "$out.safetensors" --n 36 --temperature $temperature --seed 1 \
    --out "${out}_at_$temperature.png"
  echo "${out}_at_$temperature.png"
done
for ends in 0,1 2,3 4,6 8,9; do
  "$nf" interpolate "$out.safetensors" --data digits --from ${ends%,*} --to ${ends#*,} --n 11 \
    --out "${out}_from_${ends%,*}.png"
  echo "${out}_from_${ends%,*}.png"
done
