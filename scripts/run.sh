#!/usr/bin/env bash
# What `make run` runs: cloudwatch-local with the collector as its command, on this host's metrics and
# on a log file to append to. Everything it writes is under build/run.
set -euo pipefail
folder=${RUN_FOLDER:-build/run}
log=$(realpath -m "$folder")/app.log
mkdir -p "$folder"
touch "$log"

export OTELCOL_CLOUDWATCH_STATE_DIR=$folder/state
export OTELCOL_CLOUDWATCH_LOG_FILES="[\"$log\"]"
# Ports that other collectors on this machine leave free.
export OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT=${OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT:-127.0.0.1:14133}
export OTELCOL_CLOUDWATCH_TELEMETRY_PORT=${OTELCOL_CLOUDWATCH_TELEMETRY_PORT:-18888}

echo "Append to the log from another terminal:"
echo "  echo hello >> $log"
echo "The collector's own log: $folder/collector.log. Ctrl-C ends everything."
echo
# The first line of each run, so that there is something to see.
echo "$(date -u +%FT%TZ) make run started on $(uname -n)" >>"$log"

exec bin/cloudwatch-local --listen "${CLOUDWATCH_LOCAL_LISTEN:-127.0.0.1:4566}" \
  --watch --watch-metrics 'system.cpu.utilization,system.memory.utilization,system.filesystem.utilization' \
  --command-log "$folder/collector.log" \
  -- bin/otelcol-cloudwatch --config config/host.yaml --config config/local.yaml
