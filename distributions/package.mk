# What is released. `make package VERSION=1.2.3` puts all of it into dist/; each folder beside this file has a package.mk of
# its own, which adds its target to PACKAGE and says what it needs in a README.

# The moment that is written into archives, so that a release can be repeated to the byte.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

DIST := dist
RELEASED := build/release

# The collector of a platform: build/release/OS-ARCH/otelcol-cloudwatch, .exe for Windows. go decides whether it is new.
.PHONY: FORCE
FORCE:
$(RELEASED)/%/otelcol-cloudwatch $(RELEASED)/%/otelcol-cloudwatch.exe: FORCE
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(GO_BUILD) -o $@ ./cmd/otelcol-cloudwatch

PACKAGE :=
-include $(wildcard distributions/*/package.mk)

.PHONY: package
package: $(PACKAGE) ## Build everything that is released into dist/: make package VERSION=1.2.3
	cd $(DIST) && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%f\n' | LC_ALL=C sort | xargs -r sha256sum > SHA256SUMS
