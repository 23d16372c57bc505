package thirdparty

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// Text is a file of a module that has to go along with the program: a licence, or a notice.
type Text struct {
	// Name is its path in the module, with slashes.
	Name string
	Body string
	// Licences are the SPDX identifiers that were recognised in it. A notice has none.
	Licences []string
}

// Licensed is a module with the terms under which it is distributed.
type Licensed struct {
	Module
	// Licences are the SPDX identifiers of its licence files, sorted.
	Licences []string
	Texts    []Text
}

// accepted are the licences that allow a program under Apache-2.0 to be distributed with them, when their texts go along.
// MPL-2.0 also asks to say where the source is: the notices name module and version, which is where it is.
var accepted = []string{
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "Zlib",
}

var (
	// licenceName are names of files with terms, as Go's own tools and GitHub know them.
	licenceName = regexp.MustCompile(`(?i)^((un)?licen[sc]e|copying)([-._].*)?$`)
	// noticeName are names of files that go along and have no terms of their own: attributions, and grants of patents.
	noticeName = regexp.MustCompile(`(?i)^((third[-_]?party[-_]?)?notices?|copyright|patents)([-._](txt|md))?$`)
	// otherName are names of Go files and the like, which may be called license.go, and of terms of documents.
	otherName = regexp.MustCompile(`(?i)\.(go|tmpl|tpl|s|py|sh|js|ya?ml|json|proto|gotmpl|lre|docs)$`)
)

// skippedFolders are not linked into a program: a licence file below them is that of test data or of a document.
var skippedFolders = []string{"testdata", "vendor", "docs", "doc", "examples", "example", "_examples", "hack", "website", "test", "tests", "node_modules", "e2e"}

// confidence is how much of a file, in percent, has to be a known licence's text. Copyright lines and headings are the rest.
const confidence = 60

// License reads the licence and notice files of m.
// A module without a licence of its own, and one under terms that are not accepted, is an error that names it.
func (s Sources) License(m Module) (Licensed, error) {
	folder, err := s.Folder(m)
	if err != nil {
		return Licensed{}, err
	}
	l := Licensed{Module: m}
	err = filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if file != folder && (slices.Contains(skippedFolders, e.Name()) || strings.HasPrefix(e.Name(), ".") || m.Path == GoModule) {
				return fs.SkipDir
			}
			return nil
		}
		name := e.Name()
		if !e.Type().IsRegular() || otherName.MatchString(name) || !licenceName.MatchString(name) && !noticeName.MatchString(name) {
			return nil
		}
		body, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		text := Text{Name: filepath.ToSlash(rel), Body: strings.ReplaceAll(strings.TrimSpace(string(body)), "\r\n", "\n")}
		if !noticeName.MatchString(name) {
			text.Licences = recognize(body)
		}
		if text.Body != "" {
			l.Texts = append(l.Texts, text)
		}
		return nil
	})
	if err != nil {
		return Licensed{}, fmt.Errorf("licence of %s@%s: %w", m.Path, m.Version, err)
	}
	return l, l.check()
}

// recognize returns the SPDX identifiers of the licences in text, sorted.
func recognize(text []byte) []string {
	cover := licensecheck.Scan(text)
	if cover.Percent < confidence {
		return nil
	}
	var ids []string
	for _, m := range cover.Match {
		if !m.IsURL && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// check collects the module's licences, and fails where its root has none or one is not accepted.
func (l *Licensed) check() error {
	var root bool
	for _, t := range l.Texts {
		for _, id := range t.Licences {
			if !slices.Contains(accepted, id) {
				return fmt.Errorf("%s@%s: %s has the licence %s, which is not accepted: %s", l.Path, l.Version, t.Name, id, strings.Join(accepted, ", "))
			}
			if !slices.Contains(l.Licences, id) {
				l.Licences = append(l.Licences, id)
			}
			root = root || path.Dir(t.Name) == "."
		}
	}
	slices.Sort(l.Licences)
	if !root {
		return fmt.Errorf("%s@%s has no licence file that is recognised (files: %s): read its terms and extend distributions/thirdparty/licence.go", l.Path, l.Version, l.names())
	}
	return nil
}

func (l *Licensed) names() string {
	if len(l.Texts) == 0 {
		return "none"
	}
	var names []string
	for _, t := range l.Texts {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// License reads the licences of modules from the sources of the go command on this machine. The error names every module
// that has none, or one that is not accepted.
func License(modules []Module) ([]Licensed, error) {
	sources, err := LocalSources()
	if err != nil {
		return nil, err
	}
	var all []Licensed
	var problems []error
	for _, m := range modules {
		l, err := sources.License(m)
		all, problems = append(all, l), append(problems, err)
	}
	return all, errors.Join(problems...)
}
