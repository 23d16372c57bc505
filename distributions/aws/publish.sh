#!/usr/bin/env bash
# publish.sh VERSION BUCKET [PREFIX]: makes a fleet of a release: uploads the Distributor package from dist/ to
# s3://BUCKET/PREFIX, makes it the default version of the package otelcol-cloudwatch, does the same with the document
# OtelcolCloudWatch-Manage, and deploys fleet/cloudformation.yaml. It can be run again; what is there already stays.
#
# Needs the AWS CLI with credentials and a region. PACKAGE, DOCUMENT and STACK name things differently; PARAMETERS are
# overrides for the template, such as 'TagKey=team TagValue=web'. DIST is another folder than dist.
set -euo pipefail
version=${1:?is the version, such as 1.2.3} bucket=${2:?is the name of an S3 bucket of yours} prefix=${3:-otelcol-cloudwatch/$1}
package=${PACKAGE:-otelcol-cloudwatch} document=${DOCUMENT:-OtelcolCloudWatch-Manage} stack=${STACK:-otelcol-cloudwatch-fleet}
here=$(cd "$(dirname "$0")" && pwd)
dist=${DIST:-$here/../../dist}
manifest=$dist/otelcol-cloudwatch_${version}_distributor_manifest.json
if [ ! -f "$manifest" ]; then
  echo "publish: $manifest is missing; run make package VERSION=$version" >&2
  exit 1
fi
read -r -a parameters <<<"${PARAMETERS:-}"

echo "publish: s3://$bucket/$prefix"
aws s3 cp --recursive --exclude '*' --include "otelcol-cloudwatch_${version}_distributor_*.zip" "$dist" "s3://$bucket/$prefix"
# Distributor wants the manifest beside the attachments, by this name.
aws s3 cp "$manifest" "s3://$bucket/$prefix/manifest.json"
region=$(aws s3api get-bucket-location --bucket "$bucket" --query LocationConstraint --output text)
case $region in None | null) region=us-east-1 ;; esac
case $region in cn-*) suffix=amazonaws.com.cn ;; eusc-*) suffix=amazonaws.eu ;; *) suffix=amazonaws.com ;; esac
source=https://$bucket.s3.$region.$suffix/$prefix

# is_version NAME: whether the document has a version of this name.
is_version() {
  aws ssm describe-document --name "$1" --version-name "$version" >/dev/null 2>&1
}

# store NAME ARGUMENT...: makes the document, or a version of it, and makes that the default one.
store() {
  local name=$1 number
  shift
  if is_version "$name"; then
    echo "publish: $name has version $version"
    return
  fi
  if aws ssm describe-document --name "$name" >/dev/null 2>&1; then
    # shellcheck disable=SC2016 # $LATEST is Systems Manager's
    number=$(aws ssm update-document --name "$name" --document-version '$LATEST' --version-name "$version" "$@" \
      --query DocumentDescription.DocumentVersion --output text)
    aws ssm update-document-default-version --name "$name" --document-version "$number" >/dev/null
    echo "publish: $name is $version now, document version $number"
  else
    case $name in
    "$package") aws ssm create-document --name "$name" --version-name "$version" --document-type Package "$@" >/dev/null ;;
    *) aws ssm create-document --name "$name" --version-name "$version" --document-type Command --target-type / "$@" >/dev/null ;;
    esac
    echo "publish: $name is made, $version"
  fi
}

store "$package" --content "file://$manifest" --attachments "Key=SourceUrl,Values=$source"
store "$document" --content "file://$here/ssm/document.json" --document-format JSON
aws cloudformation deploy --stack-name "$stack" --template-file "$here/fleet/cloudformation.yaml" --capabilities CAPABILITY_IAM \
  --no-fail-on-empty-changeset --parameter-overrides "PackageName=$package" "DocumentName=$document" "${parameters[@]}"
