package guide

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// rule is what a text must look like.
type rule struct {
	pattern *regexp.Regexp
	what    string // a region, such as eu-central-1
}

var (
	// Amazon CloudWatch User Guide, "Namespaces"; the prefix AWS/ is for AWS.
	namespace = rule{regexp.MustCompile(`^[0-9A-Za-z._/#: -]{1,255}$`), "a namespace of 1 to 255 letters, digits and . - _ / # : or spaces"}
	// CloudWatch Logs service model: logGroupName.
	logGroup = rule{regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`), "a log group of 1 to 512 letters, digits and . - _ / #"}
	region   = rule{regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`), "a region, such as eu-central-1"}
	source   = rule{regexp.MustCompile(`^[^/% \t]+$`), "an interface or an address, such as eth1"}
	roleARN  = rule{regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`), "a role, such as arn:aws:iam::123456789012:role/NAME"}
	channel  = rule{regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 /_.-]*$`), "a channel of the event log, such as System"}
)

// none is the answer that leaves something out.
const none = "none"

func unlessNone(answer string) string {
	if answer == none {
		return ""
	}
	return answer
}

// placeholder says whether the collector puts in another text.
func placeholder(s string) bool { return strings.Contains(s, "${") }

func matching(to *string, r rule, answer string) error {
	reserved := strings.HasPrefix(answer, "AWS/") || strings.HasPrefix(answer, "aws/")
	if !placeholder(answer) && (reserved || !r.pattern.MatchString(answer)) {
		if answer == "" {
			return fmt.Errorf("nothing is given; give %s", r.what)
		}
		return fmt.Errorf("%q is not %s", answer, r.what)
	}
	*to = answer
	return nil
}

func needed(to *string, what, answer string) error {
	if answer == "" {
		return fmt.Errorf("nothing is given; give %s", what)
	}
	*to = answer
	return nil
}

// rooted says whether a path begins at a root of a system.
func rooted(path, goos string) bool {
	drive := len(path) > 2 && path[1] == ':' && path[2] == '/'
	return placeholder(path) || strings.HasPrefix(path, "/") && (goos != "windows" || strings.HasPrefix(path, "//")) || goos == "windows" && drive
}

// slashed writes a path of Windows with slashes, as the recipes do: a backslash would escape in a pattern.
func slashed(path, goos string) string {
	if goos == "windows" {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return path
}

func absolute(to *string, goos, answer string) error {
	answer = slashed(answer, goos)
	if !rooted(answer, goos) {
		return fmt.Errorf("%q is not a full path; a service runs in another folder", answer)
	}
	*to = answer
	return nil
}

func patterns(to *[]string, goos, answer string) error {
	files := list(unlessNone(answer))
	for i, f := range files {
		f = slashed(f, goos)
		if !rooted(f, goos) {
			return fmt.Errorf("%q is not a full path; a service runs in another folder", f)
		}
		if !placeholder(f) && !doublestar.ValidatePattern(f) {
			return fmt.Errorf("%q is not a pattern: a bracket or a brace is not closed", f)
		}
		files[i] = f
	}
	*to = files
	return nil
}

func channels(to *[]string, answer string) error {
	var found []string
	taken := map[string]bool{}
	for _, c := range list(unlessNone(answer)) {
		if !channel.pattern.MatchString(c) {
			return fmt.Errorf("%q is not %s", c, channel.what)
		}
		if !taken[eventLog(c)] {
			taken[eventLog(c)] = true
			found = append(found, c)
		}
	}
	*to = found
	return nil
}

// endpoints takes names or addresses; what they must look like is the route table's to say.
func endpoints(a *Answers, service, answer string) error {
	names := list(unlessNone(answer))
	if len(names) == 0 && service == "logs" {
		return errors.New("nothing is given; logs and metrics travel by it")
	}
	for _, name := range names {
		if strings.ContainsAny(name, "/ ") && !placeholder(name) {
			return fmt.Errorf("%q is not a name or an address; leave https:// and paths out", name)
		}
	}
	delete(a.Endpoints, service)
	if len(names) > 0 {
		a.Endpoints[service] = names
	}
	return nil
}

func ranges(to *[]string, answer string) error {
	found := list(unlessNone(answer))
	for _, r := range found {
		if _, err := netip.ParsePrefix(r); err != nil && !placeholder(r) {
			return fmt.Errorf("%q is not a range such as 198.51.100.0/24", r)
		}
	}
	*to = found
	return nil
}

func roles(to *[]string, answer string) error {
	found := list(unlessNone(answer))
	for _, r := range found {
		if err := matching(new(string), roleARN, r); err != nil {
			return err
		}
	}
	*to = found
	return nil
}

// proxyURL takes no user name: it would stand in a file, and in Parameter Store.
func proxyURL(to *string, answer string) error {
	if placeholder(answer) {
		*to = answer
		return nil
	}
	u, err := url.Parse(answer)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("this is not an address such as http://proxy.example.internal:3128") // it may hold a password
	}
	if u.User != nil {
		return errors.New("leave user name and password out of the address: PROXY_USERNAME and PROXY_PASSWORD in the collector's environment hold them")
	}
	*to = answer
	return nil
}
