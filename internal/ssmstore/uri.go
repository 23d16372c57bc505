package ssmstore

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Scheme is that of the URIs.
const Scheme = "ssm"

const (
	// DefaultPoll is the time between two looks at the versions of what is watched.
	DefaultPoll = time.Minute
	// MinPoll is the shortest that may be asked for: with one call a look, a fleet of 400 hosts then takes
	// all of the 40 reads a second that an account and region has by default.
	MinPoll = 10 * time.Second
	// MaxPoll is the longest.
	MaxPoll = 24 * time.Hour
	// NeverPoll is the value of URI.Poll for poll=off.
	NeverPoll time.Duration = -1
)

// Ref says what is read. It is comparable.
type Ref struct {
	// Name is a parameter's name or ARN; for a path it ends with a slash.
	Name string
	// Version is 0 where none is named. At most one of Version and Label is set.
	Version int64
	Label   string
}

// IsPath tells whether all parameters below a path are meant.
func (r Ref) IsPath() bool { return strings.HasSuffix(r.Name, "/") }

// IsARN tells whether the parameter is named by its ARN.
func (r Ref) IsARN() bool { return strings.HasPrefix(r.Name, arnStart) }

// String is the reference as a URI has it, without the scheme.
func (r Ref) String() string { return r.Name + r.selector() }

func (r Ref) selector() string {
	switch {
	case r.Version > 0:
		return ":" + strconv.FormatInt(r.Version, 10)
	case r.Label != "":
		return ":" + r.Label
	}
	return ""
}

// Watchable tells whether what it names can change, and can be asked for without decryption.
func (r Ref) Watchable() bool {
	return r.Version == 0 && !strings.Contains(r.Name, secretsManagerPath)
}

// secretsManagerPath begins the names that Parameter Store passes on to Secrets Manager. They can only be
// read with decryption (Systems Manager User Guide, "Referencing AWS Secrets Manager secrets").
const secretsManagerPath = "/aws/reference/secretsmanager/"

// URI is a parsed URI.
type URI struct {
	Ref
	// Key is a key of the JSON object in the parameter; empty for all of it.
	Key string
	// Default is used where there is no such parameter or key, if HasDefault.
	Default    string
	HasDefault bool
	// Region is empty for the session's own.
	Region string
	// RoleARN is a role to assume; ExternalID belongs to it.
	RoleARN, ExternalID string
	// Poll is the time between two looks; 0 for the default, NeverPoll for none.
	Poll time.Duration
	// Optional makes a parameter that is not there an empty one.
	Optional bool
}

// ParseURI reads ssm:… as the package's description has it. Its errors name the part that is wrong, and
// never the default, which may be a secret.
func ParseURI(text string) (URI, error) {
	rest, ok := strings.CutPrefix(text, Scheme+":")
	if !ok {
		scheme, _, _ := strings.Cut(text, ":")
		return URI{}, fmt.Errorf("the scheme %q is not ssm: write ssm:NAME, such as ssm:/fleet/base", clip(scheme))
	}
	var u URI
	rest, u.Default, u.HasDefault = strings.Cut(rest, ":-")
	rest, query, hasQuery := strings.Cut(rest, "?")
	rest, key, hasKey := strings.Cut(rest, "#")
	if err := u.parseName(rest); err != nil {
		return URI{}, err
	}
	if hasKey {
		var err error
		if u.Key, err = url.PathUnescape(key); err != nil || u.Key == "" {
			return URI{}, fmt.Errorf("%s: the key %q after # is not one: name a key of the JSON object, such as #password, with %%25 for %%", u.Ref, clip(key))
		}
		if u.IsPath() {
			return URI{}, fmt.Errorf("%s: a path has no key %q: name one parameter", u.Ref, clip(key))
		}
	}
	if hasQuery {
		if err := u.parseOptions(query); err != nil {
			return URI{}, fmt.Errorf("%s: %w", u.Ref, err)
		}
	}
	if u.HasDefault && u.IsPath() {
		return URI{}, fmt.Errorf("%s: a path has no default: use ?optional=true where there may be nothing below it", u.Ref)
	}
	return u, nil
}

// String is the URI without its default. Parsing it gives the same URI, but for the default.
func (u URI) String() string {
	text := Scheme + ":" + u.Ref.String()
	if u.Key != "" {
		text += "#" + escapeKey(u.Key)
	}
	var options []string
	add := func(name, value string) {
		if value != "" {
			options = append(options, name+"="+escapeOption(value))
		}
	}
	if !u.IsARN() {
		add("region", u.Region)
	}
	add("role_arn", u.RoleARN)
	add("external_id", u.ExternalID)
	switch {
	case u.Poll > 0:
		add("poll", u.Poll.String())
	case u.Poll == NeverPoll:
		add("poll", "off")
	}
	if u.Optional {
		add("optional", "true")
	}
	if len(options) > 0 {
		text += "?" + strings.Join(options, "&")
	}
	return text
}

var keyEscapes = strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", ":-", "%3A-", "$", "%24", "{", "%7B", "}", "%7D")

func escapeKey(key string) string { return keyEscapes.Replace(key) }

// escapeOption leaves what an ARN has as it is.
func escapeOption(value string) string {
	text := strings.NewReplacer("%3A", ":", "%2F", "/").Replace(url.QueryEscape(value))
	return strings.ReplaceAll(text, ":-", "%3A-")
}

// clip keeps what an error quotes short.
func clip(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
