#!/usr/bin/env bash
# sign.sh KEY FILE: writes FILE.asc, a detached OpenPGP signature of FILE, with the private key in the file KEY. A key with a
# passphrase reads it from SIGNING_PASSPHRASE. Nothing is left in anybody's keyring.
set -euo pipefail
key=$1 file=$2
[ -r "$key" ] || { echo "SIGNING_KEY: $key cannot be read: name a file with an OpenPGP private key" >&2; exit 1; }
command -v gpg >/dev/null || { echo "gpg is not installed, and nothing can be signed without it: apt-get install gpg" >&2; exit 1; }
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill all 2>/dev/null || true; rm -rf "$GNUPGHOME"' EXIT
pass=(--batch --yes --no-tty --pinentry-mode loopback --passphrase-fd 0)
gpg "${pass[@]}" --quiet --import "$key" <<<"${SIGNING_PASSPHRASE:-}"
rm -f "$file.asc"
gpg "${pass[@]}" --armor --output "$file.asc" --detach-sign "$file" <<<"${SIGNING_PASSPHRASE:-}"
