#!/bin/sh
# Distributor runs this in the folder that it has unpacked, as root. Installing a version over another one keeps
# configuration and offsets of files. install.sh is the same.
set -eu
cd "$(dirname "$0")"

deb=$(find . -maxdepth 1 -name '*.deb' | head -n 1)
rpm=$(find . -maxdepth 1 -name '*.rpm' | head -n 1)
if [ -n "$deb" ]; then
  # A configuration file that was changed on the host stays as it is.
  DEBIAN_FRONTEND=noninteractive dpkg --install --force-confdef --force-confold "$deb" ||
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --fix-broken -o Dpkg::Options::=--force-confold
elif [ -n "$rpm" ]; then
  if [ "$(rpm --query --package --nosignature "$rpm")" != "$(rpm --query otelcol-cloudwatch 2>/dev/null || true)" ]; then
    if command -v dnf >/dev/null; then
      dnf install --assumeyes --nogpgcheck "$rpm"
    elif command -v yum >/dev/null; then
      yum install --assumeyes --nogpgcheck "$rpm"
    elif command -v zypper >/dev/null; then
      zypper --non-interactive --no-gpg-checks install --allow-unsigned-rpm "$rpm"
    else
      rpm --upgrade --nosignature "$rpm"
    fi
  fi
else
  echo "otelcol-cloudwatch: neither a deb nor an rpm is in this folder" >&2
  exit 1
fi

# The package starts nothing at its first installation: it cannot know the region. On EC2 it is found, and elsewhere
# somebody has set it, or the association that configures does.
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if systemctl is-enabled --quiet otelcol-cloudwatch; then
    systemctl restart otelcol-cloudwatch
  fi
fi
otelcol-cloudwatch --version
