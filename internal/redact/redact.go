// Package redact takes secrets out of text that is shown: messages, values, command lines. Which keys hold secrets is said by
// internal/layers; what this package hides is a secret by its form.
package redact

import (
	"io"
	"regexp"
	"slices"
	"strings"
)

// Mark stands in place of a secret, as the collector's print-config writes it.
const Mark = "[REDACTED]"

var (
	// userinfo is a password before the last @ of a URL's authority; user: is kept.
	userinfo = regexp.MustCompile(`(://[^/\s:@"']*:)([^/\s"']+)@`)
	// lone is userinfo without a password that is too long for the name of a user.
	lone = regexp.MustCompile(`(://)([^/\s:@"']{20,})@`)
	// bare is user:password@host without a scheme, as proxies are written.
	bare = regexp.MustCompile(`(^|[\s"'=(,\[])([A-Za-z0-9._~%+-]+:)([^\s/"'@]+(?:@[^\s/"'@]+)*)@([A-Za-z0-9\[])`)
	// parameter is one of a query or a form.
	parameter = regexp.MustCompile(`([?&;]|(?:^|[\s"'])-{1,2})([A-Za-z0-9_.\-\[\]%]+)(=)([^&\s"'#;]+)`)
	// header is a credential behind its scheme.
	header     = regexp.MustCompile(`(?i)\b(bearer|basic)([ \t]+)([A-Za-z0-9._~+/-]{16,}=*)`)
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
	// named is the secret key of AWS, or a session token, behind its name.
	named = regexp.MustCompile(`(?i)\b((?:aws_)?(?:secret_access_key|session_token|secretaccesskey|sessiontoken)["']?[ \t]*[:=][ \t]*["']?)([A-Za-z0-9/+=]{8,})`)
)

// words make a secret of a parameter that has one of them in its name; exact ones are its whole name.
var (
	words = []string{"token", "secret", "password", "passwd", "passphrase", "signature", "credential", "apikey", "accesskey", "privatekey", "authorization"}
	exact = []string{"sig", "key", "auth", "pass", "pwd", "code", "jwt", "k", "sas"}
)

var separators = strings.NewReplacer("_", "", "-", "", ".", "", "[", "", "]", "")

func secretParameter(name string) bool {
	name = separators.Replace(strings.ToLower(name))
	return slices.Contains(exact, name) || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
}

// Text is a text without what is a secret by its form: passwords of URLs, with and without a scheme, tokens and signatures in
// queries, private keys, credentials of headers. All else stays, placeholders too.
func Text(s string) string { return TextWith(s, func(string) string { return Mark }) }

// TextWith is Text with a function that says what stands in place of a secret.
func TextWith(s string, mask func(secret string) string) string {
	if strings.Contains(s, "PRIVATE KEY") {
		s = privateKey.ReplaceAllString(s, Mark)
	}
	replace := func(re *regexp.Regexp, secret int, hides func(parts []string) bool) {
		s = re.ReplaceAllStringFunc(s, func(found string) string {
			parts := re.FindStringSubmatch(found)
			if hides != nil && !hides(parts) {
				return found
			}
			at := strings.LastIndex(found, parts[secret])
			return found[:at] + mask(parts[secret]) + found[at+len(parts[secret]):]
		})
	}
	if strings.Contains(s, "@") {
		replace(userinfo, 2, nil)
		replace(lone, 2, nil)
		replace(bare, 3, nil)
	}
	if strings.Contains(s, "=") {
		replace(parameter, 4, func(parts []string) bool { return secretParameter(parts[2]) })
	}
	replace(header, 3, nil)
	replace(named, 2, nil)
	return s
}

// Writer gives what is written to it to another one, each piece without secrets. What is written at once is looked at at once.
func Writer(to io.Writer) io.Writer { return writer{to} }

type writer struct{ to io.Writer }

func (w writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, Text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
