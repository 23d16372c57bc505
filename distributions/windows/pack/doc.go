// Command pack makes the zip and the MSI of a release for Windows, on any system.
//
//	go run ./distributions/windows/pack -version 1.2.3 -exe otelcol-cloudwatch.exe -out dist
//
// layout.go says which file goes where, tables.go what Windows Installer does with them. The database is put
// together by msibuild, of msitools, and its cabinet by gcab. wixl, which would make both from a WiX source, knows
// neither components that are permanent, never overwritten or conditional, nor versions of files, nor
// registry values of several strings (0.101), and those are what keeps a configuration.
package main
