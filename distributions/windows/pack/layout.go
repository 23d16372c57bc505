package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// packed is a file of a release.
type packed struct {
	// name is its place in the program's folder, with slashes.
	name string
	// source is where it is read from.
	source string
	// script says that only the zip has it: it does what Windows Installer does for the MSI.
	script bool
}

// hostConfig is the configuration that a host begins with. Its place in the program's folder is the one to compare
// with after an upgrade: the host's own is never touched again.
const hostConfig = "config/windows.yaml"

// layout is what a release has, sorted by name. root is the repository.
func layout(root, exe string) ([]packed, error) {
	files := []packed{
		{name: "otelcol-cloudwatch.exe", source: exe},
		{name: "LICENSE.txt", source: filepath.Join(root, "LICENSE")},
		// Beside the program, as make puts it there: what is linked into it.
		{name: "THIRD_PARTY_NOTICES.txt", source: filepath.Join(filepath.Dir(exe), "THIRD_PARTY_NOTICES.txt")},
		{name: "SECURITY.md", source: filepath.Join(root, "SECURITY.md")},
		{name: "README.md", source: filepath.Join(root, "docs/deploying/windows.md")},
		{name: "install.ps1", source: filepath.Join(root, "distributions/windows/install.ps1"), script: true},
		{name: "uninstall.ps1", source: filepath.Join(root, "distributions/windows/uninstall.ps1"), script: true},
	}
	config := filepath.Join(root, "config")
	err := filepath.WalkDir(config, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(file, ".yaml") {
			return err
		}
		rel, err := filepath.Rel(config, file)
		if err != nil {
			return err
		}
		if rel != "host.yaml" && rel != "layers/cwagent-metrics.yaml" { // Linux
			files = append(files, packed{name: path.Join("config", filepath.ToSlash(rel)), source: file})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b packed) int { return strings.Compare(a.name, b.name) })
	for _, f := range files {
		if _, err := os.Stat(f.source); err != nil {
			return nil, fmt.Errorf("%s of the release is missing: %w", f.name, err)
		}
	}
	return files, nil
}
