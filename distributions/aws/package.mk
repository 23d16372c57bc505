# SSM Distributor's package, of the packages for Linux and Windows. They are made first, where their targets are there:
# the prerequisites are looked up when all files like this one have been read.
PACKAGE += package-aws

.SECONDEXPANSION:
.PHONY: package-aws
package-aws: $$(filter package-linux package-windows,$$(PACKAGE)) ## Make the SSM Distributor package from what is in dist/.
	@mkdir -p $(DIST)
	go run ./distributions/aws/pack -version '$(VERSION)' -dist $(DIST)

.PHONY: test-terraform
test-terraform: ## Check the Terraform modules: they parse, and refer to what there is.
	go vet -C tests/terraform ./...
	go test -C tests/terraform ./...
