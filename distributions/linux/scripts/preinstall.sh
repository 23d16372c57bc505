#!/bin/sh
# Before the files of the package are there: the user. The same for deb and rpm.
set -e
user=otelcol-cloudwatch
getent group "$user" >/dev/null || groupadd --system "$user"
getent passwd "$user" >/dev/null || useradd --system --gid "$user" --home-dir /var/lib/otelcol-cloudwatch \
  --no-create-home --shell /usr/sbin/nologin --comment "OpenTelemetry Collector for CloudWatch" "$user"
