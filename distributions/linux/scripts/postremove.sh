#!/bin/sh
# After the files went. Configuration and state stay, unless deb purges.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/otelcol-cloudwatch /etc/otelcol-cloudwatch
  if getent passwd otelcol-cloudwatch >/dev/null; then
    userdel otelcol-cloudwatch
  fi
fi
