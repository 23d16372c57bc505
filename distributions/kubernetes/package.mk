# The Helm chart and the manifests that are rendered from it. Helm itself is needed by their tests only.

PACKAGE += package-kubernetes

KUBERNETES := distributions/kubernetes
# GNU tar and gzip that write the same bytes from the same files.
KUBERNETES_TAR := tar --sort=name --format=ustar --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=u=rw,go=r,a+X

.PHONY: package-kubernetes
package-kubernetes: ## Put the Helm chart and the Kubernetes manifests into dist/.
	@cmp -s config/kubernetes.yaml $(KUBERNETES)/chart/files/kubernetes.yaml || { echo "the chart has another config/kubernetes.yaml: run 'make generate-kubernetes'"; exit 1; }
	rm -rf build/kubernetes && mkdir -p build/kubernetes/otelcol-cloudwatch $(DIST)
	cp -r $(KUBERNETES)/chart/. build/kubernetes/otelcol-cloudwatch/
	sed -i 's/^\(version\|appVersion\): .*/\1: $(VERSION)/' build/kubernetes/otelcol-cloudwatch/Chart.yaml
	$(KUBERNETES_TAR) -C build/kubernetes -cf - otelcol-cloudwatch | gzip -9n > $(DIST)/otelcol-cloudwatch-chart-$(VERSION).tgz
	for f in $(KUBERNETES)/manifests/*.yaml; do \
	  n=$$(basename $$f .yaml); sed 's/0[.]1[.]0-dev/$(VERSION)/g' $$f > $(DIST)/$${n/otelcol-cloudwatch/otelcol-cloudwatch-kubernetes}-$(VERSION).yaml; done

.PHONY: test-kubernetes
test-kubernetes: build ## Test the chart with Helm, and as root in a cluster on this machine (a first build takes minutes).
	cd tests/kubernetes && go vet ./... && go test ./...
	cd tests/kubernetes/cluster && go vet ./... && OTELCOL_CLOUDWATCH_BIN=$(CURDIR)/bin go test -count=1 -timeout 60m -v ./...

.PHONY: generate-kubernetes
generate-kubernetes: ## Copy config/kubernetes.yaml into the chart, and render the manifests.
	cd tests/kubernetes && go test -count=1 ./... -update
