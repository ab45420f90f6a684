#!/bin/sh
# tests/floors.awk finds nothing in the tree, and one of each kind that is planted in a copy of it.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

check() { # where the tree is
  (cd "$1" && awk -f "$OLDPWD/tests/floors.awk" src/LAYERS src/*/*.[ch] include/nf/*.h) 2>&1
}

# plant NAME FILE LINE COMPLAINT: in a file of one line exactly this complaint is found, and the
# exit status is not 0.
plant() {
  echo "[ RUN      ] $1"
  mkdir -p "$folder/$(dirname "$2")"
  printf '%b\n' "$3" > "$folder/$2"
  found=$(check "$folder") && found="$found, and exit status 0"
  found=$(echo "$found" | grep -F "$2:")
  rm "$folder/$2"
  case $found in
    "$2: $4" | "$2:"[12]": $4") echo "[       OK ] $1" ;;
    *) printf 'wanted %s: %s\nfound  %s\n' "$2" "$4" "$found" ;;
  esac
}

echo '[==========] Running 15 test(s).'
echo '[ RUN      ] the_tree'
if check .; then echo '[       OK ] the_tree'; fi
cp -R src include "$folder"
plant include src/core/x.c '#include "flow/flow.h"' 'core includes "flow/flow.h" of flow'
plant include_of_public_header src/nets/x.c '#include "nf/flow.h"' 'nets includes "nf/flow.h" of flow'
plant include_of_no_floor src/core/x.c '#include "tools/nf.h"' '"tools/nf.h" belongs to no floor'
plant struct src/core/x.c 'struct nf_bijector;' 'core declares nf_bijector, which layers defines'
plant struct_of_a_parameter src/nets/x.c 'int f(const struct nf_bijector *b);' \
  'nets declares nf_bijector, which layers defines'
plant struct_behind_typedef src/layers/x.h 'typedef struct nf_flow nf_flow;' \
  'layers declares nf_flow, which flow defines'
plant function src/core/x.c 'int nf_mlp_new(int a,\n               int b);' \
  'core declares nf_mlp_new, which nets defines'
plant name_of_a_type src/io/x.c '  return strcmp(b->type->name, "x") == 0;' \
  'a layer is recognised by its name'
plant name_of_a_layer src/io/x.c '  return strcmp(name, "squeeze") == 0;' \
  'a layer is recognised by its name'
plant library src/train/x.c '#include <gsl/gsl_math.h>' 'train includes <gsl/gsl_math.h>'
plant output src/flow/x.c '  printf("%%g", x);' 'flow calls printf'
plant folder src/tools/x.c 'int x;' 'belongs to no floor'
plant public_header include/nf/x.h 'int x;' 'belongs to no floor'
rm "$folder/include/nf/train.h"
plant include_in_public_header include/nf/train.h '#include "nf/checkpoint.h"' \
  'train includes "nf/checkpoint.h" of io'
