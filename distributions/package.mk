# What is released. `make package VERSION=1.2.3` puts all of it into dist/; each folder beside this file has a package.mk of
# its own, which adds its target to PACKAGE and says what it needs in a README.

# The moment that is written into archives, so that a release can be repeated to the byte.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

# The file with the OpenPGP private key that signs a release; its passphrase is in SIGNING_PASSPHRASE of the environment.
SIGNING_KEY ?=
export SIGNING_KEY
# Who builds, as a URI, for the provenance statement: a CI system says which.
BUILDER ?= https://github.com/otelcol-cloudwatch/otelcol-cloudwatch/blob/main/docs/releasing.md\#by-hand

DIST := dist
RELEASED := build/release

# The collector of a platform: build/release/OS-ARCH/otelcol-cloudwatch, .exe for Windows. go decides whether it is new.
.PHONY: FORCE
FORCE:
$(RELEASED)/%/otelcol-cloudwatch $(RELEASED)/%/otelcol-cloudwatch.exe: FORCE
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) $(GO_BUILD) -o $@ ./cmd/otelcol-cloudwatch

# What is linked into a collector, with its licences: goes along wherever the program goes.
NOTICES = CGO_ENABLED=0 go run ./distributions/notices $< > $@.new && mv $@.new $@
$(RELEASED)/linux-%/THIRD_PARTY_NOTICES.txt: $(RELEASED)/linux-%/otelcol-cloudwatch
	$(NOTICES)
$(RELEASED)/windows-%/THIRD_PARTY_NOTICES.txt: $(RELEASED)/windows-%/otelcol-cloudwatch.exe
	$(NOTICES)

PACKAGE :=
-include $(wildcard distributions/*/package.mk)

.PHONY: package
package: $(PACKAGE) ## Build everything that is released into dist/: make package VERSION=1.2.3
	@rm -f $(DIST)/*.provenance.json
	go run ./distributions/provenance -version '$(VERSION)' -commit "$$(git rev-parse HEAD)" -modified=$$(git diff --quiet HEAD && echo false || echo true) \
	  -builder '$(BUILDER)' -tags '$(TAGS)' -dist $(DIST) > build/provenance.json
	mv build/provenance.json $(DIST)/otelcol-cloudwatch_$(VERSION).provenance.json
	cd $(DIST) && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%f\n' | LC_ALL=C sort | xargs -r sha256sum > SHA256SUMS
	@rm -f $(DIST)/SHA256SUMS.asc
	$(if $(SIGNING_KEY),distributions/signing/sign.sh '$(SIGNING_KEY)' $(DIST)/SHA256SUMS,@echo "$(DIST)/SHA256SUMS is not signed: SIGNING_KEY=FILE signs it, and the deb and rpm files (docs/releasing.md)")

.PHONY: test-signing
test-signing: $(TOOLS)/nfpm ## Sign checksums, a deb and an rpm with a key made for it, and verify them (needs gpg, rpm and binutils).
	distributions/signing/test.sh
