# deb, rpm, tar.gz and SBOM for each of LINUX_ARCHES: `make package-linux`, or `make package-linux-amd64` for one.
LINUX_ARCHES := amd64 arm64
LINUX_PACKAGES := $(LINUX_ARCHES:%=package-linux-%)
# Completion and the manual page come from a program that runs here.
LINUX_HOST := $(RELEASED)/$(shell go env GOHOSTOS)-$(shell go env GOHOSTARCH)/otelcol-cloudwatch

PACKAGE += package-linux

.PHONY: package-linux $(LINUX_PACKAGES)
package-linux: $(LINUX_PACKAGES)
$(LINUX_PACKAGES): package-linux-%: $(RELEASED)/linux-%/otelcol-cloudwatch $(RELEASED)/linux-%/THIRD_PARTY_NOTICES.txt $(LINUX_HOST) $(TOOLS)/nfpm
	distributions/linux/package.sh $* '$(VERSION)' $(RELEASED)/linux-$*/otelcol-cloudwatch $(LINUX_HOST) $(DIST)

.PHONY: test-packages
test-packages: ## Install, run, upgrade and remove the Linux packages in a clean root (needs root and debootstrap).
	distributions/linux/test.sh
