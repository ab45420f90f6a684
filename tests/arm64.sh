#!/bin/sh
# make check-arm64: on 64-bit ARM, without such a machine, the tests in C and the values of seven chapters.
# The libraries for it are unpacked into a folder, a cross compiler builds with them into build/arm64, and
# qemu runs each program: what the tests start is a script of the program's name, which starts qemu.
set -eu
B=build/arm64
. /etc/os-release
for need in aarch64-linux-gnu-gcc qemu-aarch64 mmdebstrap; do
  command -v $need > /dev/null && continue
  echo "check-arm64: no $need; try ./setup cross" >&2
  exit 2
done
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' INT TERM HUP

# The same release of Debian or Ubuntu. A link to an absolute path becomes one into the folder.
packages=$(printf '%s-dev,' libgsl libcmocka libpng libjpeg libjansson libmpfr libopenblas)
mmdebstrap --quiet --mode=chrootless --variant=extract --architectures=arm64 --components='main universe' \
  --include="${packages%,}" "$VERSION_CODENAME" "$root/packages.tar"
tar -xf "$root/packages.tar" -C "$root" --exclude='./dev/*' --transform="s|^/|$root/|"
[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"

export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/aarch64-linux-gnu/pkgconfig"
MAKEFLAGS= make -j"$(getconf _NPROCESSORS_ONLN)" B=$B CC="aarch64-linux-gnu-gcc --sysroot=$root" AR=aarch64-linux-gnu-ar ARCH= check-build

mkdir -p "$root/run/chapters" "$root/run/tests"
programs=$(cd $B && find nf chapters tests -type f -perm -u+x | sort)
for program in $programs; do
  printf '#!/bin/sh\nexec qemu-aarch64 -L %s -0 "$0" %s "$@"\n' "$root" "$PWD/$B/$program" > "$root/run/$program"
  chmod +x "$root/run/$program"
done
# Chapters 5 and 8, of training and of images, take minutes each in qemu.
sed '/^# help/,$d; s/ch\[0-9\]/ch0[1234679]/' tests/cli/chapters.txt > "$root/values.txt"
# Left out, since they take too long in qemu: every allocation failing in turn, integrals of all models.
# The longest of the others is test_samples, half a minute where nothing else runs.
tests=$(echo "$programs" | sed -n "/test_allocation\|test_density/!s,^tests/\(test_\|float_\(extremes\|random\)\),$root/run/&,p")
# shellcheck disable=SC2086
EMULATED=1 B=$root/run sh tests/run.sh $tests "$root/values.txt"
