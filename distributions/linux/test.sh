#!/usr/bin/env bash
# Builds two versions of the packages for this machine and a clean root for them, and runs tests/packages. All of it
# stays under build/packages: the root is fetched once, from Debian's archive; OTELCOL_CLOUDWATCH_MIRROR is another.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=$(go env GOHOSTARCH)
work=$PWD/build/packages
for version in 1.0.0 1.1.0; do
  make --no-print-directory "package-linux-$arch" VERSION=$version DIST="$work/$version"
done
# The same commit, the same bytes.
make --no-print-directory "package-linux-$arch" VERSION=1.1.0 DIST="$work/again"
for file in "$work"/1.1.0/*; do
  cmp "$file" "$work/again/$(basename "$file")"
done
if [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null && [ ! -d "$work/root" ]; then
  rm -rf "$work/root.new"
  # rpm, so that one machine serves both kinds of packages.
  debootstrap --variant=minbase --include=ca-certificates,systemd,dbus,rpm bookworm "$work/root.new" "${OTELCOL_CLOUDWATCH_MIRROR:-http://deb.debian.org/debian}"
  mv "$work/root.new" "$work/root"
fi
export OTELCOL_CLOUDWATCH_PACKAGES=$work
exec go test -count=1 -v ./tests/packages
