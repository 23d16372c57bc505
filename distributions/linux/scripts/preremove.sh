#!/bin/sh
# Before the files go: deb says "remove", rpm that no version is left. An upgrade leaves the service running;
# it is restarted when the new files are there.
set -e
case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now otelcol-cloudwatch.service
  systemctl reset-failed otelcol-cloudwatch.service 2>/dev/null || true # unknown to systemd if it never ran
fi
