#!/usr/bin/env bash
# Runs the whole suite RUNS times, the last BUSY of them beside two busy loops, and tells what failed how often.
# Stops at nothing; exits 1 when anything failed. `make test-repeat` builds the programs first.
#
#   scripts/repeat-tests.sh RUNS BUSY [go test's flags and packages]
#
# build/repeat has the output of each run, and where it failed the collectors' logs in it.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:?usage: scripts/repeat-tests.sh RUNS BUSY [go test\'s flags and packages]}
busy=${2:-0}
shift $(($# < 2 ? $# : 2))
(($#)) || set -- -vet=off -p 4 -parallel 8 ./tests/... ./components/... ./internal/... ./cmd/cloudwatch-local/... ./distributions/...
export OTELCOL_CLOUDWATCH_BIN=${OTELCOL_CLOUDWATCH_BIN:-$PWD/bin}

folder=build/repeat
rm -rf "$folder" && mkdir -p "$folder"
loops=()
end_loops() { ((${#loops[@]} == 0)) || kill "${loops[@]}" 2>/dev/null || true; loops=(); }
trap end_loops EXIT

# A line for each test and package: its result, its package, its name. A package's lines come before its own.
results() {
  awk '
    /^ *--- (PASS|FAIL|SKIP): / { sub(/:/, "", $2); n++; result[n] = $2; name[n] = $3; if ($2 == "FAIL") failed = 1; next }
    /^(ok  |FAIL|\?   )\t/ {
      if ($1 == "FAIL" && !failed) { n++; result[n] = "FAIL"; name[n] = "(no test: it did not build, panicked or took too long)" }
      for (i = 1; i <= n; i++) print result[i], $2, name[i]
      n = failed = 0
    }' "$1"
}

printf '%-5s %-7s %8s %8s %8s %8s %s\n' run beside seconds passed failed skipped load
for ((run = 1; run <= runs; run++)); do
  log=$folder/$run.log beside=-
  if ((run > runs - busy)); then
    beside='2 loops'
    for _ in 1 2; do
      while :; do :; done &
      loops+=($!)
    done
  fi
  start=$SECONDS
  go test -count=1 -v -timeout 30m "$@" >"$log" 2>&1 || true
  end_loops
  results "$log" >"$folder/$run.results"
  count() { grep -c "^$1 " "$folder/$run.results" || true; }
  printf '%-5s %-7s %8d %8d %8d %8d %s\n' "$run" "$beside" $((SECONDS - start)) "$(count PASS)" "$(count FAIL)" "$(count SKIP)" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo -)"
done

if ! grep -h '^FAIL ' "$folder"/*.results >"$folder/failures"; then
  if ! grep -qh '^PASS ' "$folder"/*.results; then
    echo "nothing ran: see $folder/1.log"
    exit 1
  fi
  echo "Nothing failed in $runs runs."
  exit 0
fi
echo
echo "What failed, and how often (a test is counted with the test that it is part of):"
sort "$folder/failures" | uniq -c | sort -rn | sed 's/FAIL //'
echo "Look in $folder/RUN.log."
exit 1
