# The container image, for linux/amd64 and linux/arm64, as one OCI archive. Nothing is pulled, and no engine is needed.

PACKAGE += package-container

CONTAINER_PLATFORMS := linux-amd64 linux-arm64
CONTAINER_BINARIES := $(foreach p,$(CONTAINER_PLATFORMS),$(RELEASED)/$(p)/otelcol-cloudwatch)

.PHONY: package-container
package-container: $(CONTAINER_BINARIES) $(CONTAINER_PLATFORMS:%=$(RELEASED)/%/THIRD_PARTY_NOTICES.txt) ## Put the container image into dist/, as an OCI archive.
	go run ./distributions/container/pack -version $(VERSION) -revision "$$(git rev-parse HEAD 2>/dev/null)" -out $(DIST)/otelcol-cloudwatch-$(VERSION)-image.tar \
	  $(foreach p,$(CONTAINER_PLATFORMS),-binary $(subst -,/,$(p))=$(RELEASED)/$(p)/otelcol-cloudwatch)

.PHONY: test-container
test-container: build ## Run the image in podman against cloudwatch-local: the main job, its health, an upgrade in place.
	OTELCOL_CLOUDWATCH_REQUIRE_PODMAN=1 go test -count=1 -timeout 20m ./tests/container
