#!/bin/sh
# join.sh: makes this machine send to CloudWatch: installs the package, registers the machine with Systems Manager where
# it is outside AWS, writes layers of configuration, and starts the service. It can be run again: what is right stays.
#
# What it is told stands in /etc/otelcol-cloudwatch-join.conf, NAME='value' a line, without secrets:
#
#   PACKAGE_URL        the deb or rpm, https://…; {arch} becomes amd64 or arm64, x86_64 or aarch64 for an rpm
#   PACKAGE_SHA256     its checksum; for several architectures a list: 'amd64=… arm64=…'
#   AWS_REGION         region that is sent to; on EC2 it may be left out
#   CONFIGURATION      configuration that lies over the host's own, such as ssm:/otelcol-cloudwatch/fleet/
#   ACTIVATION         where the hybrid activation is, one line "ID CODE"; none on EC2:
#                        file:PATH                                    a file, removed when the machine is registered
#                        azure:https://VAULT.vault.azure.net/secrets/NAME   Key Vault, by the machine's identity
#                        gcp:projects/PROJECT/secrets/NAME            Secret Manager, by the machine's service account
#   SSM_AGENT_URL      folder with the SSM Agent's packages; default Amazon's for the region
set -eu

root=${OTELCOL_CLOUDWATCH_ROOT:-}
conf=${1:-$root/etc/otelcol-cloudwatch-join.conf}
etc=$root/etc/otelcol-cloudwatch
PACKAGE_URL='' PACKAGE_SHA256='' AWS_REGION='' CONFIGURATION='' ACTIVATION='' SSM_AGENT_URL=''
# shellcheck source=/dev/null
. "$conf"

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "otelcol-cloudwatch: $1"; }
fail() {
  echo "otelcol-cloudwatch: $1" >&2
  exit 1
}
get() { curl --fail --silent --show-error --location --retry 5 --retry-delay 2 "$@"; }

case $(uname -m) in
x86_64 | amd64) deb_arch=amd64 rpm_arch=x86_64 ;;
aarch64 | arm64) deb_arch=arm64 rpm_arch=aarch64 ;;
*) fail "there is no package for $(uname -m)" ;;
esac

install_package() {
  case $PACKAGE_URL in
  '') fail "PACKAGE_URL is not set in $conf" ;;
  *.deb) kind=deb arch=$deb_arch ;;
  *.rpm) kind=rpm arch=$rpm_arch ;;
  *) fail "PACKAGE_URL $PACKAGE_URL is neither a deb nor an rpm" ;;
  esac
  url=$(printf '%s' "$PACKAGE_URL" | sed "s/{arch}/$arch/")
  want=
  for sum in $PACKAGE_SHA256; do
    case $sum in
    *=*) [ "${sum%%=*}" != "$deb_arch" ] || want=${sum#*=} ;;
    *) want=$sum ;;
    esac
  done
  [ -n "$want" ] || fail "PACKAGE_SHA256 has no checksum for $deb_arch"
  stamp=$root/var/lib/otelcol-cloudwatch-join/package
  # A version that came later by another way, such as Distributor, stays.
  if [ -x "$root/usr/bin/otelcol-cloudwatch" ] && [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    return
  fi
  get --output "$work/package.$kind" "$url"
  echo "$want  $work/package.$kind" | sha256sum --check --status || fail "$url has another checksum than PACKAGE_SHA256"
  if [ $kind = deb ]; then
    DEBIAN_FRONTEND=noninteractive dpkg --install --force-confdef --force-confold "$work/package.deb"
  else
    rpm --upgrade --replacepkgs --nosignature "$work/package.rpm"
  fi
  mkdir -p "${stamp%/*}"
  echo "$want" >"$stamp"
  say "installed $url"
}

# activation prints ID and CODE.
activation() {
  case $ACTIVATION in
  file:*) cat "$root${ACTIVATION#file:}" ;;
  azure:https://*)
    token=$(get --header Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net' |
      sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
      get --config - "${ACTIVATION#azure:}?api-version=7.4" | sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p'
    ;;
  gcp:projects/*)
    token=$(get --header Metadata-Flavor:Google http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token |
      sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
      get --config - "https://secretmanager.googleapis.com/v1/${ACTIVATION#gcp:}/versions/latest:access" |
      sed -n 's/.*"data" *: *"\([^"]*\)".*/\1/p' | base64 -d
    ;;
  *) fail "ACTIVATION $ACTIVATION begins with none of file:, azure:https:// and gcp:projects/" ;;
  esac
}

# register makes the machine a managed node: Systems Manager gives it credentials that rotate.
register() {
  [ -n "$AWS_REGION" ] || fail "AWS_REGION is not set in $conf"
  if [ -e "$root/var/lib/amazon/ssm/registration" ]; then
    return
  fi
  if ! command -v amazon-ssm-agent >/dev/null; then
    folder=${SSM_AGENT_URL:-https://s3.$AWS_REGION.amazonaws.com/amazon-ssm-$AWS_REGION/latest}
    if command -v dpkg >/dev/null; then
      get --output "$work/agent.deb" "$folder/debian_$deb_arch/amazon-ssm-agent.deb"
      DEBIAN_FRONTEND=noninteractive dpkg --install "$work/agent.deb"
    else
      case $rpm_arch in x86_64) folder=$folder/linux_amd64 ;; *) folder=$folder/linux_arm64 ;; esac
      get --output "$work/agent.rpm" "$folder/amazon-ssm-agent.rpm"
      rpm --upgrade --replacepkgs "$work/agent.rpm"
    fi
  fi
  pair=$(activation)
  id=${pair%% *} code=${pair#* }
  if [ -z "$id" ] || [ "$id" = "$pair" ]; then
    fail "the activation is not \"ID CODE\""
  fi
  systemctl stop amazon-ssm-agent || true
  # The agent takes the code as an argument and no other way; this machine's processes can see it for that second.
  # An activation for one machine, or for a day, makes it worth nothing afterwards.
  amazon-ssm-agent -register -y -id "$id" -code "$code" -region "$AWS_REGION" >"$work/register.log" 2>&1 || {
    grep -vF -- "$code" "$work/register.log" >&2 || true
    fail "the registration failed"
  }
  systemctl enable --now --quiet amazon-ssm-agent
  case $ACTIVATION in file:*) rm -f "$root${ACTIVATION#file:}" ;; esac
  say "registered with Systems Manager in $AWS_REGION"
}

# put FILE MODE: writes the standard input, if it differs.
put() {
  cat >"$work/put"
  if cmp -s "$work/put" "$1"; then
    return
  fi
  install -d -m 755 "${1%/*}"
  chmod "$2" "$work/put"
  mv "$work/put" "$1"
  changed=yes
}

# variable NAME VALUE: a line of the service's environment.
variable() {
  if [ -n "$2" ] && [ "$(grep "^$1=" "$etc/environment" 2>/dev/null)" = "$1=$2" ]; then
    return
  fi
  { grep -v "^$1=" "$etc/environment" 2>/dev/null || true; if [ -n "$2" ]; then printf '%s=%s\n' "$1" "$2"; fi; } >"$work/environment"
  put "$etc/environment" 600 <"$work/environment"
}

changed=
install_package
if [ -n "$ACTIVATION" ]; then
  register
  # The collector follows the keys that the SSM Agent writes. The route is the internet, unless another layer says more.
  put "$etc/config.d/20-ssm-agent.yaml" 644 <<LAYER
# Written by join.sh: the credentials of the hybrid activation.
extensions:
  endpoint_routing:
    region: $AWS_REGION
    policy: any
    routes:
      - name: internet
        public: {}
    credentials:
      source: ssm_agent
      shared_credentials_file: [/root/.aws/credentials, /var/lib/amazon/ssm/credentials]
service:
  extensions: [endpoint_routing]
LAYER
fi
variable AWS_REGION "$AWS_REGION"
variable OTELCOL_CLOUDWATCH_OPTIONS "${CONFIGURATION:+--config $CONFIGURATION}"
systemctl enable --quiet otelcol-cloudwatch
if [ -n "$changed" ] || ! systemctl is-active --quiet otelcol-cloudwatch; then
  systemctl restart otelcol-cloudwatch
  say "started"
fi
