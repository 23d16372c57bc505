// Pack writes the container image as OCI archives: one tar file with an index of a platform's image each, and one file for
// each platform. It needs no container engine and pulls nothing, and writes the same bytes from the same input.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// tag is what the specification of registries allows.
var tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

func main() {
	if err := pack(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// binaries are collectors by platform, such as linux/amd64=build/otelcol-cloudwatch.
type binaries []binary

type binary struct{ os, arch, path string }

func (b *binaries) String() string { return fmt.Sprint(*b) }

func (b *binaries) Set(text string) error {
	platform, path, ok := strings.Cut(text, "=")
	system, arch, both := strings.Cut(platform, "/")
	if !ok || !both || path == "" {
		return fmt.Errorf("%q is not OS/ARCH=FILE, such as linux/amd64=build/release/linux-amd64/otelcol-cloudwatch", text)
	}
	*b = append(*b, binary{system, arch, path})
	return nil
}

func pack(args []string) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	version := flags.String("version", "", "version of the release, such as 1.2.3")
	revision := flags.String("revision", "", "commit of the release")
	out := flags.String("out", "", "the archive of all platforms; those of one each are beside it, FILE-ARCH.tar")
	var collectors binaries
	flags.Var(&collectors, "binary", "a collector, as OS/ARCH=FILE; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" || *out == "" || len(collectors) == 0 {
		return errors.New("-version, -out and -binary are needed: run make package-container VERSION=1.2.3")
	}
	if !tag.MatchString(*version) {
		return fmt.Errorf("-version %q cannot be an image's tag: it has letters, digits and any of . _ -, at most 128", *version)
	}
	moment, err := sourceDate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
		return err
	}
	return writeArchives(*out, release{version: *version, revision: *revision, moment: moment}, collectors)
}

// sourceDate is the moment that files and the image have: SOURCE_DATE_EPOCH.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds: run make package-container, which sets it, or give one", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
