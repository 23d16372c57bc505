package thirdparty

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// Module is a module that was linked into a program.
type Module struct {
	// Path and Version are those of what was compiled: of the replacement, where the module is replaced.
	Path, Version string
	// Sum is the module's hash as in go.sum, such as "h1:…".
	Sum string
	// Replaces is PATH@VERSION of the module that this one stands for; empty where none does.
	Replaces string
}

// GoModule is the path under which the Go standard library and runtime are listed.
const GoModule = "stdlib"

// Modules returns the modules of a program, without its own, and the Go standard library as GoModule, sorted by path.
func Modules(info *buildinfo.BuildInfo) []Module {
	all := []Module{{Path: GoModule, Version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, m := range info.Deps {
		all = append(all, linkedModule(m))
	}
	slices.SortFunc(all, func(a, b Module) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version)) })
	return all
}

func linkedModule(m *debug.Module) Module {
	if r := m.Replace; r != nil {
		return Module{Path: r.Path, Version: r.Version, Sum: r.Sum, Replaces: m.Path + "@" + m.Version}
	}
	return Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
}

// Sources finds the source of modules on this machine.
type Sources struct {
	cache, goroot string
}

// LocalSources returns the sources that the go command has: its module cache and GOROOT.
func LocalSources() (Sources, error) {
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		return Sources{}, fmt.Errorf("go env: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		return Sources{}, fmt.Errorf("go env GOMODCACHE GOROOT printed %q: expected two lines", out)
	}
	return Sources{cache: lines[0], goroot: lines[1]}, nil
}

// Folder returns the folder with the source of m.
func (s Sources) Folder(m Module) (string, error) {
	if m.Path == GoModule {
		return s.goroot, nil
	}
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return "", err
	}
	version, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(s.cache, filepath.FromSlash(path)+"@"+version)
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("source of %s@%s is not in the module cache: run 'go mod download': %w", m.Path, m.Version, err)
	}
	return folder, nil
}
