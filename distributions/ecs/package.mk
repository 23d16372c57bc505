# Task definitions for ECS, with CloudFormation, Terraform and policies: what docs/deploying/ecs.md uses.

PACKAGE += package-ecs

ECS := distributions/ecs
# GNU tar and gzip that write the same bytes from the same files.
ECS_TAR := tar --sort=name --format=ustar --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX

.PHONY: package-ecs
package-ecs: ## Put the ECS task definitions and templates into dist/.
	rm -rf build/ecs && mkdir -p build/ecs/otelcol-cloudwatch-ecs $(DIST)
	cp --parents config/ecs.yaml config/layers/ecs-daemon.yaml build/ecs/otelcol-cloudwatch-ecs/
	cd $(ECS) && cp --parents README.md task-definitions/*.json cloudformation/*.yaml terraform/*.tf policies/*.json $(CURDIR)/build/ecs/otelcol-cloudwatch-ecs/
	$(ECS_TAR) -C build/ecs -cf - otelcol-cloudwatch-ecs | gzip -9n > $(DIST)/otelcol-cloudwatch-ecs-$(VERSION).tar.gz

.PHONY: test-ecs
test-ecs: ## Check task definitions, CloudFormation and Terraform for ECS against the API's own types.
	go vet -C tests/ecs ./...
	go test -C tests/ecs -count=1 ./...

# They take seconds.
test: test-ecs
