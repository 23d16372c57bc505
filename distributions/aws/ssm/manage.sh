#!/bin/sh
# The Linux step of the SSM document OtelcolCloudWatch-Manage. Systems Manager puts the parameters between the quotes;
# their allowedPattern keeps quotes out. document.json is made of this file: go test ./tests/aws -args -update
set -eu
action='{{ action }}'
configuration='{{ configuration }}'
region='{{ region }}'
layer='{{ layer }}'
layer_name='{{ layerName }}'

root=${OTELCOL_CLOUDWATCH_ROOT:-}
etc=$root/etc/otelcol-cloudwatch
program=${OTELCOL_CLOUDWATCH_PROGRAM:-/usr/bin/otelcol-cloudwatch}
service=otelcol-cloudwatch
changed=

fail() {
  echo "otelcol-cloudwatch: $1" >&2
  exit 1
}

# set_variable NAME VALUE sets a line of the service's environment, which only root may read.
set_variable() {
  umask 077
  touch "$etc/environment"
  if [ -n "$2" ] && [ "$(grep "^$1=" "$etc/environment")" = "$1=$2" ]; then
    return
  fi
  new=$etc/.environment.new
  grep -v "^$1=" "$etc/environment" >"$new" || true
  if [ -n "$2" ]; then
    printf '%s=%s\n' "$1" "$2" >>"$new"
  fi
  if cmp -s "$new" "$etc/environment"; then
    rm -f "$new"
  else
    mv "$new" "$etc/environment"
    changed=environment
  fi
}

# set_layer puts the layer into config.d, or takes it away where there is none.
set_layer() {
  file=$etc/config.d/$layer_name.yaml
  if [ -z "$layer" ]; then
    if [ -e "$file" ]; then
      rm -f "$file"
      changed=${changed:-layer}
    fi
    return
  fi
  umask 022
  new=$etc/config.d/.$layer_name.new
  printf '%s' "$layer" | base64 -d >"$new" || fail "the parameter layer is not base64"
  if cmp -s "$new" "$file"; then
    rm -f "$new"
    return
  fi
  mv "$new" "$file"
  changed=${changed:-layer}
}

[ -x "$root$program" ] || fail "it is not installed; the association that installs it has not run yet"

case $action in
Configure)
  mkdir -p "$etc/config.d"
  [ -z "$region" ] || set_variable AWS_REGION "$region"
  if [ -n "$configuration" ]; then
    set_variable OTELCOL_CLOUDWATCH_OPTIONS "--config $configuration"
  else
    set_variable OTELCOL_CLOUDWATCH_OPTIONS ""
  fi
  set_layer
  systemctl enable --quiet $service
  # A layer takes over by itself, and one that is not valid changes nothing. The environment is read at a start.
  if [ "$changed" = environment ] || ! systemctl is-active --quiet $service; then
    systemctl restart $service
  fi
  echo "otelcol-cloudwatch: configured${changed:+, changed: $changed}"
  ;;
Start) systemctl enable --now --quiet $service ;;
Stop) systemctl disable --now --quiet $service ;;
Restart) systemctl restart $service ;;
Reload) systemctl reload $service ;;
Status) ;;
*) fail "the action $action is none of Configure, Start, Stop, Restart, Reload and Status" ;;
esac

"$root$program" --version
if systemctl is-active $service; then
  exit 0
fi
[ "$action" = Stop ] || fail "it does not run: journalctl -u otelcol-cloudwatch"
