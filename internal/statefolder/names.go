package statefolder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/statelog"
)

const (
	// suffix is in the names of stores. The name before it is that of file_storage's database.
	suffix = ".state"
	// convertedMark is in the name of a database that a store was made of.
	convertedMark = ".converted"
	// longestName is the longest one that gets a suffix and a mark: file systems take 255 bytes.
	longestName = 200
)

// Default is the folder of state of the configurations that we ship, on a system.
func Default(system string) string {
	if system == "windows" {
		return "C:/ProgramData/otelcol-cloudwatch/state"
	}
	return "/var/lib/otelcol-cloudwatch"
}

// In the names of files, file_storage writes a character as its number if it is unsafe. The number has more than four
// digits beyond U+FFFF, and does not say where it ends: taken for four, the name is another, and the file the same.
var (
	unsafe = regexp.MustCompile(`[^a-zA-Z0-9._-]`)
	number = regexp.MustCompile(`~[0-9A-F]{4}`)
)

// Safe is the name of a component in the names of files.
func Safe(name string) string {
	return unsafe.ReplaceAllStringFunc(name, func(c string) string { return fmt.Sprintf("~%04X", []rune(c)[0]) })
}

// Name is what the store of a component is called, as file_storage calls its database. The kind is receiver, exporter and
// so on, and storage is empty for a component with one store.
func Name(kind, component, name, storage string) string {
	full := kind + "_" + component + "_" + name
	if storage != "" {
		full += "_" + storage
	}
	return Safe(full)
}

// Path is the folder of a store.
func Path(folder, name string) string {
	if len(name) > longestName {
		sum := sha256.Sum256([]byte(name))
		name = hex.EncodeToString(sum[:])
	}
	return filepath.Join(folder, name) + suffix
}

// Old is the database of file_storage with the same name.
func Old(folder, name string) string { return strings.TrimSuffix(Path(folder, name), suffix) }

// Stores are the names of components that begin with a prefix, and have a store or a database in the folder.
func Stores(folder, prefix string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), prefix)
		if stored, is := strings.CutSuffix(name, suffix); is && e.IsDir() {
			name = stored
		} else if !e.Type().IsRegular() || strings.Contains(name, statelog.DamagedMark) || strings.HasSuffix(name, convertedMark) {
			continue
		}
		if ok {
			names = append(names, number.ReplaceAllStringFunc(name, func(number string) string {
				n, _ := strconv.ParseUint(number[1:], 16, 32) // it is one
				return string(rune(n))
			}))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
