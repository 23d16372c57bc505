# The zip and the MSI for Windows. README.md beside this file says what they need.

PACKAGE += package-windows

WINDOWS_EXE := $(RELEASED)/windows-amd64/otelcol-cloudwatch.exe

# A command that signs the file which is appended to it, such as a script around osslsigncode.
WINDOWS_SIGN ?=

.PHONY: windows-tools
windows-tools: # before the collector is built for minutes
	@for tool in msibuild gcab; do command -v $$tool >/dev/null || { \
	  echo "$$tool is not installed, and the MSI cannot be made without it: apt-get install msitools gcab"; exit 1; }; done

.PHONY: package-windows
package-windows: windows-tools $(WINDOWS_EXE) $(dir $(WINDOWS_EXE))THIRD_PARTY_NOTICES.txt ## Build the zip and the MSI for Windows into dist/.
	$(if $(WINDOWS_SIGN),$(WINDOWS_SIGN) $(WINDOWS_EXE))
	go run ./distributions/windows/pack -version $(VERSION) -exe $(WINDOWS_EXE) -out $(DIST)
	$(if $(WINDOWS_SIGN),$(WINDOWS_SIGN) $(DIST)/otelcol-cloudwatch-$(VERSION)-windows-amd64.msi)

.PHONY: test-windows
test-windows: ## Test what goes to Windows: the MSI's tables, and under Wine, where it is, an installation and our packages.
	OTELCOL_CLOUDWATCH_REQUIRE_MSITOOLS=1 go test -count=1 ./distributions/windows/pack
	distributions/windows/wine/test.sh
