#!/usr/bin/env bash
# Usage: scripts/fuzz.sh TIME
# Fuzzes every FuzzX of internal/ and components/, each for TIME; a finding is kept in the package's testdata.
set -euo pipefail
grep -rlE '^func Fuzz' internal components --include='*_test.go' | while read -r file; do
  for name in $(grep -oP '^func \KFuzz\w+' "$file"); do
    echo "fuzz $name in $(dirname "$file")"
    go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$1"
  done
done
