#!/bin/sh
# The flags with which the sources are compiled: the user's, those of another system, those of a compiler
# that lacks one; and the libraries' floors with musl. What make would run is read, or run on one file.
set -u
CC=${CC:-cc}
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS ARCH MODE SAN
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

. tests/cases.sh
# commands MAKE'S ARGUMENTS: how one source is compiled in double and in float, a line each
commands() {
  make -n V=1 B="$folder/b" "$@" "$folder/b/double/src/core/lu.o" "$folder/b/float/src/core/lu.o" |
    grep -e ' -c ' > "$folder/commands"
  cat "$folder/commands" && [ "$(wc -l < "$folder/commands")" -eq 2 ]
}
# each WORD: it is in both lines
each() { [ "$(grep -c -e " $1 " "$folder/commands")" -eq 2 ]; }
# last PATTERN WORD: of what matches, WORD is the last in both lines
last() {
  sed "s/.* \($1\) .*/\1/" "$folder/commands" > "$folder/last"
  [ "$(sort -u "$folder/last")" = "$2" ]
}

tests="$tests CFLAGS_are_the_last_word_in_both_precisions"
CFLAGS_are_the_last_word_in_both_precisions() {
  commands CC="$CC" CFLAGS='-O0 -march=x86-64' && last '-O[0-9s]' -O0 && last '-march=[^ ]*' -march=x86-64
}

tests="$tests CFLAGS_of_the_environment"
CFLAGS_of_the_environment() { CFLAGS=-O1 commands CC="$CC" && last '-O[0-9s]' -O1; }

tests="$tests without_CFLAGS_both_are_optimised"
without_CFLAGS_both_are_optimised() { commands CC="$CC" && last '-O[0-9s]' -O3; }

tests="$tests the_machines_instructions_where_the_compiler_takes_them"
the_machines_instructions_where_the_compiler_takes_them() {
  printf '#!/bin/sh\nexit 0\n' > "$folder/takes"
  printf '#!/bin/sh\nfor a; do [ "$a" != -march=native ] || exit 1; done\n' > "$folder/refuses"
  chmod +x "$folder/takes" "$folder/refuses"
  commands CC="$folder/takes" && each -march=native || return 1
  commands CC="$folder/refuses" && ! grep -e -march "$folder/commands"
}

# With POSIX alone macOS and the BSDs hide what these macros show.
tests="$tests macros_of_other_systems"
macros_of_other_systems() {
  commands CC="$CC" && each -D_POSIX_C_SOURCE=200809L && each -D_DARWIN_C_SOURCE &&
    each -D__BSD_VISIBLE=1 && each -D_NETBSD_SOURCE
}

# GNU's linker's -soname, --start-group and --wrap are unknown to that of macOS.
tests="$tests options_of_the_linker_of_macOS"
options_of_the_linker_of_macOS() {
  make -n V=1 CC="$CC" B="$folder/b" DARWIN=Darwin check > "$folder/commands" &&
    grep -e '-Wl,-install_name,libnf32.so.0' "$folder/commands" && grep 'test_allocation is left out' "$folder/commands" &&
    ! grep -v -e --target=wasm "$folder/commands" | grep -e '-Wl,-soname' -e '-Wl,--'
}

# --- musl: the whole library is compiled against its headers; those of other libraries, which do not
# depend on the C library, are found by links. The program needs nothing but libm: a layer, 500 steps.
tests="$tests musl"
musl() {
  command -v musl-gcc || return 77
  mkdir "$folder/include"
  for name in zlib.h zconf.h png.h pngconf.h pnglibconf.h jpeglib.h jmorecfg.h jconfig.h jerror.h \
    jansson.h jansson_config.h; do
    for at in "/usr/include/$name" /usr/include/*-linux-gnu/"$name"; do
      [ ! -e "$at" ] || ln -sf "$at" "$folder/include/$name"
    done
  done
  for float in '' 32; do
    make -s -j2 CC=musl-gcc WERROR=1 CPPFLAGS="-isystem $folder/include" B="$folder/musl" \
      "$folder/musl/libnf$float.a" || return 1
    musl-gcc -std=c11 ${float:+-DNF_FLOAT} -Iinclude -static examples/sinh_arcsinh.c \
      "$folder/musl/libnf$float.a" -lm -o "$folder/own" || return 1
    "$folder/own" > "$folder/own.txt" && grep -F 'step 500   0.7' "$folder/own.txt" || return 1
  done
}

# shellcheck disable=SC2086
set -- $tests
echo "[==========] Running $# test(s)."
run
