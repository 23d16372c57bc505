#!/bin/sh
# Distributor runs this as root. Configuration and offsets of files stay, for an installation that follows; purge
# (dpkg --purge otelcol-cloudwatch), or remove /etc/otelcol-cloudwatch and /var/lib/otelcol-cloudwatch, to be rid of them.
set -eu
if [ -d /run/systemd/system ]; then
  systemctl disable --now --quiet otelcol-cloudwatch || true
fi
if command -v dpkg >/dev/null && dpkg --status otelcol-cloudwatch >/dev/null 2>&1; then
  DEBIAN_FRONTEND=noninteractive dpkg --remove otelcol-cloudwatch
elif command -v rpm >/dev/null && rpm --query otelcol-cloudwatch >/dev/null 2>&1; then
  rpm --erase otelcol-cloudwatch
else
  echo "otelcol-cloudwatch: it is not installed"
fi
