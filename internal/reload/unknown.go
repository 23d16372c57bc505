package reload

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// unsupported is how the collector's resolver says that a placeholder names no source (confmap v1.62.0).
var unsupported = regexp.MustCompile(`scheme "([^"]*)" is not supported for uri "([^"]*)"`)

// withSource says what to write in a placeholder that names no source, such as the shell's ${TMPDIR:-/tmp}.
func (s *sources) withSource(err error) error {
	if err == nil {
		return nil
	}
	m := unsupported.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	scheme, uri := m[1], m[2]
	known := slices.Sorted(maps.Keys(s.providers))
	for _, name := range known {
		if strings.EqualFold(name, scheme) {
			return fmt.Errorf("%w: write ${%s%s}", err, name, strings.TrimPrefix(uri, scheme))
		}
	}
	return fmt.Errorf("%w: write ${env:%s} for an environment variable; the sources are %s", err, uri, strings.Join(known, ", "))
}
