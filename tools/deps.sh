#!/bin/sh
# Installs what the suite needs and this machine lacks: apt-get on Debian and Ubuntu, with sudo
# when not root. Elsewhere it names the packages. Nothing lacking: nothing done. Exit status 0
# when everything is there in the end, else 2. With MPI=1 also Open MPI.
set -u

has() {
  case $1 in
    cc) echo '#include <stdio.h>' | cc -fsyntax-only -x c - ;;
    random123) echo '#include <Random123/philox.h>' | cc -fsyntax-only -x c - ;;
    make | pkg-config | gnuplot | pandoc) command -v "$1" ;;
    *) pkg-config --exists "$1" ;;
  esac > /dev/null 2>&1
}

lacking() {
  for need in cc make pkg-config gsl cmocka openblas random123 zlib libpng jansson mpfr gnuplot pandoc ${MPI:+ompi-c}; do
    has $need || printf '%s ' $need
  done
}

debian_name() {
  case $1 in
    cc | make) echo build-essential ;;
    pkg-config | pandoc) echo "$1" ;;
    gnuplot) echo gnuplot-nox ;;
    zlib) echo zlib1g-dev ;;
    ompi-c) echo openmpi-bin libopenmpi-dev ;;
    libpng) echo libpng-dev ;;
    *) echo "lib$1-dev" ;;
  esac
}

# apt-get with its arguments, quietly, as root.
apt() {
  if [ "$(id -u)" -eq 0 ]; then as_root=; else as_root=sudo; fi
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" > /dev/null
}

needs=$(lacking)
[ -n "$needs" ] || exit 0

if ! command -v apt-get > /dev/null; then
  cat >&2 << 'END'
deps: install these, then try again:
dnf:    sudo dnf install gcc make pkgconf-pkg-config gsl-devel libcmocka-devel openblas-devel Random123-devel zlib-devel libpng-devel jansson-devel mpfr-devel gnuplot pandoc
pacman: sudo pacman -S --needed base-devel gsl cmocka openblas zlib libpng jansson mpfr gnuplot pandoc-cli; and the Random123 headers, from their own release, on CPATH
brew:   brew install make pkg-config gsl cmocka openblas zlib libpng jansson mpfr gnuplot pandoc; export PKG_CONFIG_PATH="$(brew --prefix openblas)/lib/pkgconfig"; and the Random123 headers, from their own release, on CPATH
END
  [ -z "${MPI:-}" ] || echo 'MPI=1:  Open MPI with its headers: openmpi-devel, openmpi, open-mpi' >&2
else
  packages=$(for need in $needs; do debian_name "$need"; done | sort -u | tr '\n' ' ')
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
    echo "deps: not root, and no sudo; as root: apt-get install $packages" >&2
    exit 2
  fi
  echo "deps: installing $packages"
  # The first try fails where the package lists are missing or old.
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $packages 2> /dev/null ||
    { apt update && apt install -y --no-install-recommends $packages; }
fi

needs=$(lacking)
[ -z "$needs" ] || { echo "deps: not found: $needs" >&2; exit 2; }
