#!/bin/sh
# install.sh install|uninstall: the public headers, both libraries, static and shared, the command line
# with its man page and its completion in bash, and what pkg-config reads. `make install` calls it, with in the environment
#
#   B        the build folder
#   DESTDIR  a root that is put before every path, for packages
#   prefix   /usr/local
#   libdir   PREFIX/lib, and where Debian has its libraries when the prefix is /usr
set -eu
prefix=${prefix:-/usr/local}
if [ -z "${libdir:-}" ]; then
  libdir=$prefix/lib
  [ "$prefix" != /usr ] || libdir=$libdir/$(${CC:-cc} -print-multiarch)
fi
version=$(sed -n 's/.*NF_VERSION  *"\(.*\)"/\1/p' include/nf/core.h)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# One file: its mode, its source, the folder, and its name there.
put() {
  if [ "$1" = link ]; then
    ln -sf "$2" "$DESTDIR$3/$4"
  else
    install -d "$DESTDIR$3"
    install -m "$1" "$2" "$DESTDIR$3/$4"
  fi
}
take() { rm -f "$DESTDIR$3/$4"; }

# A value for a .pc file, where # begins a comment.
pc() { printf '%s\n' "$1" | sed 's/#/\\\\#/g; s/[|&]/\\&/g'; }

files() { # a function that is called with each
  for header in include/nf/*.h; do "$1" 644 "$header" "$prefix/include/nf" "${header##*/}"; done
  for name in nf nf32; do
    "$1" 644 "$B/lib$name.a" "$libdir" "lib$name.a"
    "$1" 755 "$B/lib$name.so" "$libdir" "lib$name.so.$version"
    "$1" link "lib$name.so.$version" "$libdir" "lib$name.so.0"
    "$1" link "lib$name.so.0" "$libdir" "lib$name.so"
    [ $name = nf ] && flags= || flags=' -DNF_FLOAT'
    sed -e "s|@prefix@|$(pc "$prefix")|; s|@libdir@|$(pc "$libdir")|; s|@version@|$version|" \
      -e "s|@name@|$name|; s|@flags@|$flags|" tools/nf.pc.in > "$temporary/$name.pc"
    "$1" 644 "$temporary/$name.pc" "$libdir/pkgconfig" "$name.pc"
  done
  "$1" 755 "$B/nf" "$prefix/bin" nf
  "$1" 644 "$temporary/nf.1" "$prefix/share/man/man1" nf.1
  "$1" 644 "$temporary/nf" "$prefix/share/bash-completion/completions" nf
}

case $1 in
  install)
    "$B/nf" man > "$temporary/nf.1"
    "$B/nf" completion > "$temporary/nf"
    files put
    ;;
  uninstall)
    files take
    rmdir "$DESTDIR$prefix/include/nf" 2> /dev/null || true
    ;;
esac
