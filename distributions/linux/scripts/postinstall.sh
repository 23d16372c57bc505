#!/bin/sh
# After installing and upgrading: deb says "configure" and the version before, if any; rpm how many versions
# there are now. The service is not started by a first installation, which has no region yet.
set -e
upgrade=
case "$1" in
configure) [ -z "$2" ] || upgrade=yes ;;
1) ;;
[2-9]*) upgrade=yes ;;
*) exit 0 ;; # deb undoes something that failed
esac
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if [ -n "$upgrade" ]; then
    systemctl try-restart otelcol-cloudwatch.service
  fi
fi
if [ -z "$upgrade" ]; then
  echo "otelcol-cloudwatch: set AWS_REGION in /etc/otelcol-cloudwatch/environment unless this is EC2, then"
  echo "  systemctl enable --now otelcol-cloudwatch"
fi
