#!/usr/bin/env bash
# package.sh ARCH VERSION BINARY PROGRAM FOLDER: makes deb, rpm, tar.gz and SBOM of BINARY in FOLDER. PROGRAM is the same
# for this machine. SOURCE_DATE_EPOCH is the date of everything, so that the same commit gives the same bytes.
set -euo pipefail
arch=$1 version=$2 binary=$3 program=$4 dist=$5
: "${SOURCE_DATE_EPOCH:?is the date of every file}"
name=otelcol-cloudwatch
stage=build/packages/linux-$arch
umask 022
rm -rf "$stage" && mkdir -p "$stage" "$dist"

# Defaults in the help must not be this machine's.
for shell in bash zsh fish; do
  env -i "$program" completion "$shell" >"$stage/completion.$shell"
done
env -i "$program" man | gzip -9 -n >"$stage/$name.1.gz"
CGO_ENABLED=0 go run ./distributions/sbom -version "$version" "$binary" >"$stage/sbom.cdx.json"
cp "$stage/sbom.cdx.json" "$dist/${name}_${version}_linux_$arch.cdx.json"

case $arch in amd64) rpmarch=x86_64 ;; arm64) rpmarch=aarch64 ;; *) rpmarch=$arch ;; esac
cp "$(dirname "$binary")/THIRD_PARTY_NOTICES.txt" "$stage/"
gzip -9 -n <"$stage/THIRD_PARTY_NOTICES.txt" >"$stage/THIRD_PARTY_NOTICES.txt.gz"

export ARCH=$arch VERSION=$version BINARY=$binary STAGE=$stage
# The key that signs the two, if a release names one.
export SIGNING_KEY=${SIGNING_KEY:-} NFPM_PASSPHRASE=${SIGNING_PASSPHRASE:-}
bin/tools/nfpm package --config distributions/linux/nfpm.yaml --packager deb --target "$dist/${name}_${version}_$arch.deb"
bin/tools/nfpm package --config distributions/linux/nfpm.yaml --packager rpm --target "$dist/$name-$version-1.$rpmarch.rpm"

# One folder, for machines without a package manager that we serve.
folder=${name}_${version}_linux_$arch
mkdir -p "$stage/$folder"/{config,completion,systemd}
install -m 755 "$binary" "$stage/$folder/$name"
cp -r config/host.yaml config/local.yaml config/layers config/routes config/credentials "$stage/$folder/config/"
cp config/README.md "$stage/$folder/config/"
cp "$stage"/completion.* "$stage/$folder/completion/"
cp distributions/linux/{otelcol-cloudwatch.service,environment,config.d/00-service.yaml} "$stage/$folder/systemd/"
cp "$stage/$name.1.gz" "$stage/sbom.cdx.json" "$stage/THIRD_PARTY_NOTICES.txt" LICENSE SECURITY.md CHANGELOG.md "$stage/$folder/"
cp docs/deploying/linux.md "$stage/$folder/README.md"
cp distributions/container/Containerfile "$stage/$folder/"
chmod -R u=rwX,go=rX "$stage/$folder"
tar --create --directory "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu "$folder" |
  gzip -6 -n >"$dist/$folder.tar.gz"
