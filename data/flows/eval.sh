#!/bin/sh
# eval.sh NF FOLDER: how good the flows of FOLDER are on data that they were not trained on, as lines
# name,value: images in bits per dimension, one draw of the noise each; points in nats, and their
# divergence KL(data‖flow) from the density that drew them.
set -eu
nf=$1 flows=$2
value() { # NAME KEY FLOW, and the data: the mean within the object KEY, of the whole when it is empty
  name=$1 key=$2 flow=$3
  shift 3
  "$nf" eval "$flows/$flow.safetensors" "$@" --json |
    awk -v key="\"$key\":" -v name="$name" '
      index($0, key) { inside = 1 }
      index($0, "\"accuracy\": ") && inside { sub(/.*: /, ""); print name "," $0; exit }
      (key == "\"\":" || inside) && sub(/^ *"mean": /, "") { sub(/,$/, ""); print name "," $0; exit }'
}
value digits_bits_per_dim '' digits --data digits --range 1500:1797
value classes_bits_per_dim '' classes --data digits --range 1500:1797
value classes_unlabelled unlabelled classes --data digits --range 1500:1797 --classify
value classes_accuracy accuracy classes --data digits --range 1500:1797 --classify
value icons_bits_per_dim '' icons --data icons --range 190:214
value moons_nats '' moons --data toy:moons
value moons_kl kl moons --data toy:moons
