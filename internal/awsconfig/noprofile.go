package awsconfig

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// header is the first line of a profile.
var header = regexp.MustCompile(`(?m)^\s*\[\s*(?:profile\s+)?([^\]\r\n]+?)\s*\]`)

// noProfile says why a profile is not found: which profiles the files have, and which of them the SDK cannot read.
func noProfile(c Credentials) error {
	name := profileName(c)
	var tried []string
	for _, file := range c.sharedFiles() {
		text, err := readFile(file)
		switch {
		case err != nil:
			tried = append(tried, err.Error())
			continue
		case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")), bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
			tried = append(tried, file+" begins with a byte order mark: save it as UTF-8 without one")
			continue
		}
		var has []string
		for _, m := range header.FindAllSubmatch(text, -1) {
			found := string(m[1])
			if found == name {
				found += " (written as " + strings.TrimSpace(string(m[0])) + ": a credentials file has [NAME], a configuration file [profile NAME])"
			}
			has = append(has, found)
		}
		if len(has) == 0 {
			tried = append(tried, file+" has no profile")
			continue
		}
		tried = append(tried, file+" has "+strings.Join(has, ", "))
	}
	return fmt.Errorf("no profile %q: %s; AWS_PROFILE names one of them, letter for letter", name, strings.Join(tried, "; "))
}
