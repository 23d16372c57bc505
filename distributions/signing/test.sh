#!/usr/bin/env bash
# Signs checksums, a deb and an rpm of a stand-in program with a key made for it, and verifies each as docs/releasing.md says;
# then changes a byte of each, and expects verification to fail.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in gpg gpgv rpmkeys ar; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed: apt-get install gpg gpgv rpm binutils" >&2; exit 1; }
done
w=$(mktemp -d)
export GNUPGHOME=$w/home
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all 2>/dev/null || true; rm -rf "$w" build/packages/signing' EXIT

# Once with a passphrase and once without.
for passphrase in "correct horse" ""; do
  rm -rf "$GNUPGHOME" "$w/dist" "$w/rpmdb" && mkdir -m 700 "$GNUPGHOME" && mkdir -p "$w/dist" "$w/rpmdb"
  gpg --batch --quiet --pinentry-mode loopback --passphrase "$passphrase" --quick-generate-key "test <test@example.com>" rsa3072 sign never
  gpg --batch --pinentry-mode loopback --passphrase "$passphrase" --armor --export-secret-keys >"$w/key.asc"
  gpg --armor --export >"$w/public.asc"
  gpg --export >"$w/public.gpg"

  # What package.sh gives to nfpm, around a program that is only text.
  export SIGNING_KEY=$w/key.asc SIGNING_PASSPHRASE=$passphrase NFPM_PASSPHRASE=$passphrase
  export ARCH=amd64 VERSION=1.2.3 BINARY=$w/program STAGE=build/packages/signing SOURCE_DATE_EPOCH=1767225600
  mkdir -p "$STAGE"
  for f in sbom.cdx.json otelcol-cloudwatch.1.gz completion.bash completion.fish completion.zsh THIRD_PARTY_NOTICES.txt THIRD_PARTY_NOTICES.txt.gz; do
    echo stand-in >"$STAGE/$f"
  done
  echo stand-in >"$BINARY"
  deb=$w/dist/x.deb rpm=$w/dist/x.rpm
  bin/tools/nfpm package --config distributions/linux/nfpm.yaml --packager deb --target "$deb" >/dev/null
  bin/tools/nfpm package --config distributions/linux/nfpm.yaml --packager rpm --target "$rpm" >/dev/null
  (cd "$w/dist" && sha256sum x.deb x.rpm >SHA256SUMS)
  distributions/signing/sign.sh "$w/key.asc" "$w/dist/SHA256SUMS"

  verify_deb() {
    (cd "$w" && rm -rf ar && mkdir ar && cd ar && ar x "$deb" && cat debian-binary control.tar.gz data.tar.gz >signed &&
      gpgv --quiet --keyring "$w/public.gpg" _gpgorigin signed 2>/dev/null)
  }
  verify_sums() { gpgv --quiet --keyring "$w/public.gpg" "$w/dist/SHA256SUMS.asc" "$w/dist/SHA256SUMS" 2>/dev/null && (cd "$w/dist" && sha256sum --status -c SHA256SUMS) 2>/dev/null; }
  rpmkeys --dbpath "$w/rpmdb" --import "$w/public.asc"
  verify_rpm() { rpmkeys --dbpath "$w/rpmdb" --checksig --define '_pkgverify_level all' "$rpm" | grep -q 'digests signatures OK'; }
  for what in sums deb rpm; do
    "verify_$what" || { echo "the signature of $what is not good" >&2; exit 1; }
  done
  # A byte in the middle of each.
  for file in "$deb" "$rpm"; do
    printf 'X' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") * 3 / 4)) conv=notrunc status=none
  done
  for what in sums deb rpm; do
    if "verify_$what"; then echo "$what was changed, and its signature is good" >&2; exit 1; fi
  done
done
echo "checksums, deb and rpm: signed, verified, and changes found"
