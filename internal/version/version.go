// Package version says which build of otelcol-cloudwatch this is. The linker fills it in (see the
// Makefile); a plain `go build` falls back to what Go records about the repository.
package version

import (
	"runtime/debug"
	"strings"
	"time"
)

// Set with -ldflags "-X …/internal/version.number=…".
var (
	number string // semantic version without the leading v
	commit string // full hash
	date   string // of the build, RFC 3339 in UTC
)

// development is the version of a build that nobody released.
const development = "0.1.0-dev"

// Info describes a build. Empty fields are unknown.
type Info struct {
	Number string    // such as 1.2.3
	Commit string    // full hash
	Date   time.Time // when it was built; when it was committed for a plain `go build`
}

// Current describes the running program.
func Current() Info {
	info := Info{Number: number, Commit: commit}
	info.Date, _ = time.Parse(time.RFC3339, date) // an unreadable date is an unknown date
	if info.Number == "" {
		info.Number = development
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			switch {
			case s.Key == "vcs.revision" && info.Commit == "":
				info.Commit = s.Value
			case s.Key == "vcs.time" && info.Date.IsZero():
				info.Date, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	return info
}

// shortCommit is how many characters of the hash are shown.
const shortCommit = 12

func (i Info) short() string { return i.Commit[:min(len(i.Commit), shortCommit)] }

// Full is the version with commit and date as semantic-version build metadata, for example
// 1.2.3+0123456789ab.20261122. All of its characters may stand in an HTTP product token, so that it
// serves as user agent as it is.
func (i Info) Full() string {
	var metadata []string
	if i.Commit != "" {
		metadata = append(metadata, i.short())
	}
	if !i.Date.IsZero() {
		metadata = append(metadata, i.Date.UTC().Format("20060102"))
	}
	if metadata == nil {
		return i.Number
	}
	return i.Number + "+" + strings.Join(metadata, ".")
}

// String is for a person: "1.2.3 (commit 0123456789ab, built 2026-11-22T10:00:00Z)".
func (i Info) String() string {
	var details []string
	if i.Commit != "" {
		details = append(details, "commit "+i.short())
	}
	if !i.Date.IsZero() {
		details = append(details, "built "+i.Date.UTC().Format(time.RFC3339))
	}
	if details == nil {
		return i.Number
	}
	return i.Number + " (" + strings.Join(details, ", ") + ")"
}
