#!/usr/bin/env bash
# Usage: scripts/generate.sh FOLDER METADATA...
# Lets ocb write the collector's wiring and puts main.go and components.go, formatted, into FOLDER.
# Its main_others.go and main_windows.go are left out: cmd/otelcol-cloudwatch/run.go stands for them.
# Lets mdatagen write beside each METADATA, which is a metadata.yaml, what it makes of it.
set -euo pipefail
mkdir -p build/ocb
if ! bin/tools/builder --config builder-config.yaml --skip-get-modules --skip-compilation >build/ocb.log 2>&1; then
  cat build/ocb.log >&2
  exit 1
fi
gofmt -w build/ocb
cp build/ocb/main.go build/ocb/components.go "$1/"
tools=$PWD/bin/tools
for metadata in "${@:2}"; do
  (cd "$(dirname "$metadata")" && "$tools/mdatagen" metadata.yaml)
done
