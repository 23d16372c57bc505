// Command sbom writes what a Go program is made of, as CycloneDX 1.5 in JSON: the modules and the Go version
// that the linker recorded in it, so that the list is that of the program and not of a go.mod, with their licences.
//
//	sbom -version 1.2.3 PROGRAM > sbom.cdx.json
//
// The same program gives the same bytes. The date is SOURCE_DATE_EPOCH, if it is set.
package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/distributions/thirdparty"
)

func main() {
	version := flag.String("version", "", "version of the program, instead of the one that Go recorded")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sbom [-version VERSION] PROGRAM")
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), *version, os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, path, version, epoch string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it is only read
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	info, err := buildinfo.Read(file)
	if err != nil {
		return fmt.Errorf("%s is not a Go program: %w", path, err)
	}
	modules, err := thirdparty.License(thirdparty.Modules(info))
	if err != nil {
		return err
	}
	var date string
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %q is not a number of seconds", epoch)
		}
		date = time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(billOf(info, modules, version, date, hash.Sum(nil)))
}

// bill is the part of CycloneDX that is used here.
type bill struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	Hashes     []hashed   `json:"hashes,omitempty"`
	Licenses   []licence  `json:"licenses,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

// licence names one licence of a component; several stand for different files of it.
type licence struct {
	License licenceID `json:"license"`
}

type licenceID struct {
	ID string `json:"id"` // SPDX
}

type hashed struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func billOf(info *buildinfo.BuildInfo, modules []thirdparty.Licensed, version, date string, sum []byte) bill {
	program := component{
		Licenses: []licence{{licenceID{"Apache-2.0"}}},
		Type:     "application", Ref: info.Path, Name: info.Path[strings.LastIndexByte(info.Path, '/')+1:],
		Version: cmp.Or(version, info.Main.Version),
		Hashes:  []hashed{{"SHA-256", hex.EncodeToString(sum)}},
	}
	for _, s := range info.Settings {
		if slices.Contains([]string{"GOOS", "GOARCH", "CGO_ENABLED", "-tags", "vcs.revision"}, s.Key) {
			program.Properties = append(program.Properties, property{"go:" + strings.TrimPrefix(s.Key, "-"), s.Value})
		}
	}
	var components []component
	for _, m := range modules {
		components = append(components, componentOf(m))
	}
	slices.SortFunc(components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	uses := dependency{Ref: program.Ref}
	for _, c := range components {
		uses.DependsOn = append(uses.DependsOn, c.Ref)
	}
	return bill{
		Schema: "http://cyclonedx.org/schema/bom-1.5.schema.json", Format: "CycloneDX", SpecVersion: "1.5",
		SerialNumber: serial(sum), Version: 1, Metadata: metadata{date, program},
		Components: components, Dependencies: []dependency{uses},
	}
}

// componentOf describes a module as it was compiled in, with the licences of its files.
func componentOf(m thirdparty.Licensed) component {
	c := component{Type: "library", Name: m.Path, Version: m.Version}
	c.PURL = "pkg:golang/" + strings.ReplaceAll(m.Path, "+", "%2B") + "@" + url.QueryEscape(m.Version)
	c.Ref = c.PURL
	if m.Replaces != "" {
		c.Properties = append(c.Properties, property{"go:replaces", m.Replaces})
	}
	if m.Sum != "" { // of go.sum; a hash of a list of hashes is none that CycloneDX has a name for
		c.Properties = append(c.Properties, property{"go:sum", m.Sum})
	}
	for _, id := range m.Licences {
		c.Licenses = append(c.Licenses, licence{licenceID{id}})
	}
	return c
}

// serial is a UUID of the program's own bytes (RFC 9562, version 8), so that it is the same each time.
func serial(sum []byte) string {
	id := slices.Clone(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
