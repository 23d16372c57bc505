// Command provenance writes how the files of a release were built, as an in-toto statement with SLSA provenance 1.0:
// which files with which hashes, from which commit, with which Go and which modules, and by whom.
//
//	provenance -version 1.2.3 -commit SHA -builder https://ci.example.com -dist dist > dist/provenance.json
//
// The same files and parameters give the same bytes. Whoever releases signs it together with the checksums.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// repository is where the commit is from.
const repository = "https://github.com/otelcol-cloudwatch/otelcol-cloudwatch"

// options are what the statement says beside the hashes of files.
type options struct {
	version, commit, builder, tags string
	// modified says that the checkout had changes that the commit has not.
	modified bool
	// dist is the folder of the released files, root the checkout.
	dist, root string
}

func main() {
	var o options
	flag.StringVar(&o.version, "version", "", "version of the release")
	flag.StringVar(&o.commit, "commit", "", "the commit that was built, as 40 hexadecimal digits")
	flag.BoolVar(&o.modified, "modified", false, "the checkout had changes that are not in the commit")
	flag.StringVar(&o.builder, "builder", "", "URI of who built it, such as that of a CI system")
	flag.StringVar(&o.tags, "tags", "", "build tags")
	flag.StringVar(&o.dist, "dist", "dist", "folder of the released files")
	flag.StringVar(&o.root, "root", ".", "the repository")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "provenance:", err)
		os.Exit(1)
	}
}

// statement is an in-toto statement (specification: in-toto attestation framework, Statement v1).
type statement struct {
	Type          string     `json:"_type"`
	Subject       []artifact `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

// artifact is a ResourceDescriptor: what a hash belongs to.
type artifact struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// predicate is SLSA provenance 1.0.
type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string            `json:"buildType"`
	ExternalParameters   map[string]string `json:"externalParameters"`
	InternalParameters   map[string]string `json:"internalParameters"`
	ResolvedDependencies []artifact        `json:"resolvedDependencies"`
}

type runDetails struct {
	Builder struct {
		ID string `json:"id"`
	} `json:"builder"`
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// generated are files of the release that are made after the statement, or are it.
var generated = regexp.MustCompile(`^(SHA256SUMS(\.asc)?|.*\.provenance\.json(\.new)?)$`)

func run(w io.Writer, o options) error {
	switch {
	case o.version == "":
		return errors.New("-version is needed: run make package VERSION=1.2.3")
	case !commitID.MatchString(o.commit):
		return fmt.Errorf("-commit %q is not a commit: give its 40 hexadecimal digits", o.commit)
	case o.builder == "":
		return errors.New("-builder is needed: run make package BUILDER=URI")
	}
	subjects, err := subjects(o.dist)
	if err != nil {
		return err
	}
	s := statement{Type: "https://in-toto.io/Statement/v1", Subject: subjects, PredicateType: "https://slsa.dev/provenance/v1"}
	d := &s.Predicate.BuildDefinition
	d.BuildType = repository + "/blob/main/docs/releasing.md"
	d.ExternalParameters = map[string]string{"repository": repository, "version": o.version}
	d.InternalParameters = map[string]string{"tags": o.tags, "go": strings.TrimPrefix(runtime.Version(), "go")}
	if o.modified {
		d.InternalParameters["modified"] = "true"
	}
	d.ResolvedDependencies = []artifact{{URI: "git+" + repository + "@" + o.commit, Digest: map[string]string{"gitCommit": o.commit}}}
	for _, name := range []string{"go.mod", "go.sum", "tools/go.mod", "tools/go.sum"} {
		sum, err := hash(filepath.Join(o.root, name))
		if err != nil {
			return err
		}
		d.ResolvedDependencies = append(d.ResolvedDependencies, artifact{Name: name, Digest: map[string]string{"sha256": sum}})
	}
	s.Predicate.RunDetails.Builder.ID = o.builder
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// subjects are the files of folder with their hashes, sorted by name.
func subjects(folder string) ([]artifact, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []artifact
	for _, e := range entries {
		if !e.Type().IsRegular() || generated.MatchString(e.Name()) {
			continue
		}
		sum, err := hash(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, artifact{Name: e.Name(), Digest: map[string]string{"sha256": sum}})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no files: run make package", folder)
	}
	return all, nil
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it is only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
