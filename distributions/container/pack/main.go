// Pack writes the container image as an OCI archive: one tar file with an index of a platform's image each. It needs no
// container engine and pulls nothing, and writes the same bytes from the same input.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

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
	out := flags.String("out", "", "the archive to write")
	var collectors binaries
	flags.Var(&collectors, "binary", "a collector, as OS/ARCH=FILE; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" || *out == "" || len(collectors) == 0 {
		return errors.New("-version, -out and -binary are needed: run make package-container VERSION=1.2.3")
	}
	moment, err := sourceDate()
	if err != nil {
		return err
	}
	index, err := newIndex(release{version: *version, revision: *revision, moment: moment}, collectors)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
		return err
	}
	return writeArchive(*out, *version, index, moment)
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
