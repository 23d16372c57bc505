// Pack makes the SSM Distributor package of what the other distributions have put into a folder: a zip for each
// platform, with its package and the scripts of ../distributor, and the manifest with their checksums.
//
//	go run ./distributions/aws/pack -version 1.2.3 -dist dist
//
// The same packages give the same bytes: names are sorted, and every date is SOURCE_DATE_EPOCH's.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const name = "otelcol-cloudwatch"

// target is a zip of the package: what it holds, and whom it is for.
type target struct {
	zip string
	// packages are patterns of the file names that other distributions use; the first that is there is taken.
	packages []string
	scripts  string // folder below distributor
	// platforms are Distributor's names (AWS Systems Manager User Guide, "Supported package platforms and
	// architectures").
	platforms []string
	arch      string
}

var (
	debians = []string{"debian", "ubuntu"}
	redHats = []string{"amazon", "centos", "oracle", "redhat", "suse"}
	windows = []string{"windows"}
	targets = []target{
		{"linux_amd64_deb", []string{name + "_VERSION_amd64.deb"}, "linux", debians, "x86_64"},
		{"linux_arm64_deb", []string{name + "_VERSION_arm64.deb"}, "linux", debians, "arm64"},
		{"linux_amd64_rpm", []string{name + "-VERSION-1.x86_64.rpm", name + "-VERSION.x86_64.rpm"}, "linux", redHats, "x86_64"},
		{"linux_arm64_rpm", []string{name + "-VERSION-1.aarch64.rpm", name + "-VERSION.aarch64.rpm"}, "linux", redHats, "arm64"},
		{"windows_amd64", []string{name + "_VERSION_windows_amd64.msi", name + "-VERSION-windows-amd64.msi"}, "windows", windows, "x86_64"},
	}
)

// manifest is what Distributor reads (schema 2.0).
type manifest struct {
	SchemaVersion string                                  `json:"schemaVersion"`
	Version       string                                  `json:"version"`
	Publisher     string                                  `json:"publisher"`
	Packages      map[string]map[string]map[string]file   `json:"packages"` // by platform, its version, architecture
	Files         map[string]map[string]map[string]string `json:"files"`    // checksums by file and algorithm
}

type file struct {
	File string `json:"file"`
}

// anyVersion is of a platform.
const anyVersion = "_any"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	version := flags.String("version", "", "the version of the packages")
	dist := flags.String("dist", "dist", "the folder that they are in")
	scripts := flags.String("scripts", "distributions/aws/distributor", "the folder with the scripts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" {
		return errors.New("-version is needed: run make package-aws VERSION=1.2.3")
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds: run make package-aws", os.Getenv("SOURCE_DATE_EPOCH"))
	}
	date := time.Unix(seconds, 0).UTC()
	if first := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); date.Before(first) {
		date = first // zip knows no earlier one
	}
	m := manifest{"2.0", *version, name, map[string]map[string]map[string]file{}, map[string]map[string]map[string]string{}}
	for _, t := range targets {
		found := t.find(*dist, *version)
		if found == "" {
			fmt.Fprintf(out, "distributor: %s is left out: %s is not in %s\n", t.zip, strings.ReplaceAll(t.packages[0], "VERSION", *version), *dist)
			continue
		}
		zipped := fmt.Sprintf("%s_%s_distributor_%s.zip", name, *version, t.zip)
		sum, err := t.write(filepath.Join(*dist, zipped), found, filepath.Join(*scripts, t.scripts), date)
		if err != nil {
			return err
		}
		m.Files[zipped] = map[string]map[string]string{"checksums": {"sha256": sum}}
		for _, p := range t.platforms {
			if m.Packages[p] == nil {
				m.Packages[p] = map[string]map[string]file{anyVersion: {}}
			}
			m.Packages[p][anyVersion][t.arch] = file{zipped}
		}
	}
	if len(m.Files) == 0 {
		fmt.Fprintln(out, "distributor: there is nothing to pack")
		return nil
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(*dist, fmt.Sprintf("%s_%s_distributor_manifest.json", name, *version)), append(text, '\n'), 0o644)
}

func (t target) find(dist, version string) string {
	for _, p := range t.packages {
		path := filepath.Join(dist, strings.ReplaceAll(p, "VERSION", version))
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// write makes the zip, and returns its SHA-256.
func (t target) write(to, pack, scripts string, date time.Time) (sum string, err error) {
	entries, err := os.ReadDir(scripts)
	if err != nil {
		return "", err
	}
	files := []string{pack}
	for _, e := range entries {
		files = append(files, filepath.Join(scripts, e.Name()))
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })

	f, err := os.Create(to)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	z := zip.NewWriter(io.MultiWriter(f, hash))
	for _, path := range files {
		h := &zip.FileHeader{Name: filepath.Base(path), Modified: date, Method: zip.Deflate}
		h.SetMode(0o644)
		if strings.HasSuffix(path, ".sh") {
			h.SetMode(0o755)
		}
		if path == pack {
			h.Method = zip.Store // it is compressed already
		}
		if err := add(z, h, path); err != nil {
			return "", err
		}
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func add(z *zip.Writer, h *zip.FileHeader, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, from)
	return err
}
