#!/bin/sh
# What `make install` puts into a folder is all that a C or C++ program needs, and what it takes away
# again. CC, SAN and B are those of the build under test; other flags come from the environment, too.
set -u
B=${B:-build} CC=${CC:-cc} SAN=${SAN:-}
case $CC in *clang*) CXX=clang++ ;; *) CXX=g++ ;; esac
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR prefix libdir
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(sed -n 's/.*NF_VERSION  *"\(.*\)"/\1/p' include/nf/core.h)

plain=$folder/plain odd="$folder/b c#d"
export PKG_CONFIG_PATH="$plain/lib/pkgconfig" LD_LIBRARY_PATH="$plain/lib"
cat > "$folder/use.cc" <<'END'
#include <nf/nf.h>
int main() {
  nf_error e = {};
  nf_model m = nf_model_default(NF_GLOW, nf_point(2));
  nf_flow *f = nf_flow_from_model(&m, &e);
  const nf_real x[2] = {1, 2};
  double log_p = 0;
  nf_flow_log_prob(f, 1, x, &log_p, &e);
  nf_flow_free(f);
  return e.status == NF_OK && log_p < 0 ? 0 : 1;
}
END

. tests/cases.sh
has() { # FILE WORD…
  file=$1 && shift
  for word; do grep -qF -e "$word" "$file" || { cat "$file"; echo "no '$word'"; return 1; }; done
}
install_into() {
  make -s B="$B" install "$@" > "$folder/install.log" 2>&1 || { cat "$folder/install.log" && return 1; }
}
# link COMPILER LIBRARY SOURCE NAME: a program, as pkg-config says
link() { eval "$1 $SAN $(pkg-config --cflags "$2") $3 $(pkg-config --libs "$2") -lm -o '$folder/$4'"; }
link_static() { eval "$1 -static $(pkg-config --cflags nf) $2 $(pkg-config --static --libs nf) -o $folder/$3"; }

# --- the files --------------------------------------------------------------------------------
tests="$tests every_file_is_installed_below_DESTDIR_and_uninstalled"
every_file_is_installed_below_DESTDIR_and_uninstalled() {
  install_into DESTDIR="$odd" prefix='/e f#g' libdir='/e f#g/lib/machine' || return 1
  (cd "$odd/e f#g" && find . ! -type d | sort) > "$folder/installed"
  {
    echo ./bin/nf
    (cd include && find . -name '*.h' | sed 's|^./|./include/|')
    for name in nf nf32; do
      for end in a so so.0 "so.$version"; do echo "./lib/machine/lib$name.$end"; done
      echo "./lib/machine/pkgconfig/$name.pc"
    done
    echo ./share/man/man1/nf.1
    echo ./share/bash-completion/completions/nf
  } | LC_ALL=C sort > "$folder/expected"
  LC_ALL=C sort "$folder/installed" | diff "$folder/expected" - || return 1
  make -s B="$B" uninstall DESTDIR="$odd" prefix='/e f#g' libdir='/e f#g/lib/machine' || return 1
  [ -z "$(find "$odd" ! -type d)" ] && [ ! -e "$odd/e f#g/include/nf" ]
}

tests="$tests the_folders_of_a_distribution"
the_folders_of_a_distribution() {
  multiarch=$($CC -print-multiarch)
  install_into DESTDIR="$folder/usr" prefix=/usr && [ -e "$folder/usr/usr/lib/$multiarch/libnf.so" ] &&
    has "$folder/usr/usr/lib/$multiarch/pkgconfig/nf.pc" "libdir=/usr/lib/$multiarch"
}

tests="$tests one_version_everywhere"
one_version_everywhere() {
  install_into prefix="$plain" && [ "$(pkg-config --modversion nf nf32 | uniq)" = "$version" ] &&
    has CITATION.cff "version: $version" && has include/nf/core.h "VERSION_MAJOR ${version%%.*}" \
    "VERSION_PATCH ${version##*.}" && "$plain/bin/nf" --version | grep -F "$version"
}

tests="$tests the_man_page_is_installed"
the_man_page_is_installed() { has "$plain/share/man/man1/nf.1" '.TH NF 1' '.SH COMMANDS' "$version"; }

tests="$tests bash_completes_the_commands"
bash_completes_the_commands() {
  command -v bash > /dev/null || return 77
  bash --norc -c '. "$1"; COMP_WORDS=(nf tr) COMP_CWORD=1; _nf; echo "$COMPREPLY"; complete -p nf' bash \
    "$plain/share/bash-completion/completions/nf" > "$folder/completed" &&
    has "$folder/completed" train 'complete -F _nf nf'
}

tests="$tests the_command_line_needs_neither_BLAS_nor_GSL"
the_command_line_needs_neither_BLAS_nor_GSL() {
  ldd "$plain/bin/nf" "$plain/lib/libnf.so" "$plain/lib/libnf32.so" > "$folder/ldd" &&
    has "$folder/ldd" libjansson && ! grep -i 'blas\|gsl\|mpfr\|mpi' "$folder/ldd"
}

tests="$tests only_the_public_headers_names_are_visible"
only_the_public_headers_names_are_visible() {
  for lib in nf nf32; do
    nm -D --defined-only "$plain/lib/lib$lib.so" | awk '$3 !~ /^_|san/ { print $3 }' > "$folder/names"
    has "$folder/names" nf_flow_log_prob nf_precision_ || return 1
    while read -r name; do
      grep -qw "$name" include/nf/*.h || { echo "$lib: $name"; return 1; }
    done < "$folder/names"
  done
}

tests="$tests every_declared_function_is_there"
every_declared_function_is_there() {
  echo '#include <nf/nf.h>' | $CC "-I$plain/include" -E -P - > "$folder/header.i"
  grep -o 'static inline[^(]*' "$folder/header.i" | sed 's/.*[ *]//' > "$folder/inline"
  grep -o '\bnf_[a-z0-9_]*(' "$folder/header.i" | tr -d '(' | grep -vxF -f "$folder/inline" |
    sort -u > "$folder/declared"
  has "$folder/declared" nf_flow_new || return 1
  for lib in nf nf32; do
    nm -D --defined-only "$plain/lib/lib$lib.so" | awk '{ print $3 }' | sort > "$folder/names"
    comm -23 "$folder/declared" "$folder/names" > "$folder/missing"
    [ ! -s "$folder/missing" ] || { cat "$folder/missing"; return 1; }
  done
}

# --- programs ---------------------------------------------------------------------------------
# moons NAME: the program prints a density, samples, and that what was saved is what is loaded.
moons() {
  (cd "$folder" && "./$1" "$examples/moons.csv" > moons.txt) &&
    has "$folder/moons.txt" '#' sample 'the same at 1281 of 1281'
}
examples=$(pwd)/examples

tests="$tests the_line_of_the_README_builds_moons"
the_line_of_the_README_builds_moons() {
  eval "$CC $SAN $(sed -n 's/^cc \(.*moons.c.*\) -o moons$/\1/p' README.md) -o $folder/moons" && moons moons
}

tests="$tests moons_in_float"
moons_in_float() { link "$CC" nf32 examples/moons.c moons32 && moons moons32; }

tests="$tests moons_says_what_is_wrong"
moons_says_what_is_wrong() {
  printf '1 2\n3 x\n' > "$folder/bad.csv"
  link "$CC" nf examples/moons.c moons || return 1
  "$folder/moons" "$folder/bad.csv" 2> "$folder/err"
  [ $? -eq 2 ] && [ "$(wc -l < "$folder/err")" -eq 1 ] && has "$folder/err" moons: bad.csv
}

tests="$tests a_layer_of_ones_own"
a_layer_of_ones_own() {
  link "$CC" nf examples/sinh_arcsinh.c own && "$folder/own" > "$folder/own.txt" &&
    has "$folder/own.txt" 'step 500   0.7' skew
}

tests="$tests static_without_the_shared_library"
static_without_the_shared_library() {
  [ -z "$SAN" ] || return 77 # a sanitizer needs shared libraries
  link_static "$CC" examples/moons.c static && unset LD_LIBRARY_PATH && moons static
}

tests="$tests cxx"
cxx() {
  for name in nf nf32; do
    link "$CXX -Wall -Wextra -Wpedantic -Werror" $name "$folder/use.cc" cxx && "$folder/cxx" || return 1
  done
}

tests="$tests cxx_static"
cxx_static() {
  [ -z "$SAN" ] || return 77
  link_static "$CXX" "$folder/use.cc" cxx && LD_LIBRARY_PATH='' "$folder/cxx"
}

tests="$tests every_header_stands_alone"
every_header_stands_alone() {
  warnings='-Wall -Wextra -Wpedantic -Werror -fsyntax-only'
  for header in include/nf/*.h; do
    echo "#include <nf/${header##*/}>" > "$folder/alone.c"
    for define in -UNF_FLOAT -DNF_FLOAT; do
      $CC -std=c11 $warnings $define "-I$plain/include" "$folder/alone.c" || return 1
      $CXX -x c++ $warnings $define "-I$plain/include" "$folder/alone.c" || return 1
    done
  done
}

tests="$tests the_other_precision_does_not_link"
the_other_precision_does_not_link() {
  link_wrongly() { # DEFINE LIBRARY MISSING
    ! $CC $SAN "$1" "-I$plain/include" examples/moons.c "-L$plain/lib" "-l$2" -lm -o "$folder/x" 2> "$folder/err" &&
      has "$folder/err" "$3"
  }
  link_wrongly -UNF_FLOAT nf32 nf_precision_double && link_wrongly -DNF_FLOAT nf nf_precision_float
}

tests="$tests a_prefix_with_blanks"
a_prefix_with_blanks() {
  install_into prefix="$odd" && PKG_CONFIG_PATH="$odd/lib/pkgconfig" &&
    link "$CXX" nf "$folder/use.cc" blanks && LD_LIBRARY_PATH="$odd/lib" "$folder/blanks"
}

# --- the bytes --------------------------------------------------------------------------------
tests="$tests two_folders_give_the_same_bytes"
two_folders_give_the_same_bytes() {
  files='libnf.a libnf.so libnf32.a libnf32.so nf'
  case $B in
    *asan | *coverage) return 77 ;; # the plain build tells
  esac
  mkdir "$folder/two" && cp -R Makefile src include data tools tests plots "$folder/two" || return 1
  cd "$folder/two" && make -s -j2 B=other $(printf 'other/%s ' $files) && cd - || return 1
  for file in $files; do cmp "$B/$file" "$folder/two/other/$file" || return 1; done
}

# shellcheck disable=SC2086
set -- $tests
echo "[==========] Running $# test(s)."
run
