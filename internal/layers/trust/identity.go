package trust

import (
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

// identifies reports whether a header says who sends: AWS takes keys of an API, and signatures, there, and with them the account.
// keys may end in the name of the header, or in headers, where the whole is one text.
func identifies(keys []string) bool {
	if len(keys) < 4 {
		return true
	}
	name := strings.ToLower(keys[3])
	return strings.Contains(name, "authorization") || strings.HasPrefix(name, "x-amz") || strings.Contains(name, "api-key") || strings.Contains(name, "token") || name == "cookie" || name == "host"
}

// notAWS reports whether every endpoint of a component is written out and is none of AWS's.
func (c *checker) notAWS(keys []string) bool {
	known := false
	for _, leaf := range c.merged.Leaves(keys[:2]...) {
		last := strings.ToLower(leaf.Path[len(leaf.Path)-1])
		if last != "endpoint" && !strings.HasSuffix(last, "_endpoint") || leaf.Value == nil {
			continue
		}
		text, isText := leaf.Value.(string)
		host, _, _, ok := target(text)
		if !isText || strings.Contains(text, "${") || !ok || awsService.MatchString(host) {
			return false
		}
		known = true
	}
	return known
}

// tokens refuses tokens of fetched layers for AWS services: who issued the token has the account that is sent to.
func (c *checker) tokens() {
	for _, exporter := range c.merged.Keys("exporters") {
		for _, leaf := range c.merged.Leaves("exporters", exporter) {
			if len(leaf.Path) != 4 || !strings.EqualFold(leaf.Path[2], "auth") || !strings.EqualFold(leaf.Path[3], "authenticator") || c.notAWS(leaf.Path) {
				continue
			}
			name, _ := leaf.Value.(string)
			kind, _, _ := strings.Cut(name, "/")
			if tableKey("", strings.TrimSpace(kind)) == tableKey("", "sigv4auth") {
				continue
			}
			if leaf.Remote {
				c.refuse(Refusal{Path: leaf.Path, Value: layers.Show(leaf.Path, leaf.Value), Capability: Credentials, Why: does[Credentials], Origin: leaf.Origin})
				continue
			}
			for _, of := range c.merged.Keys("extensions") {
				at := slices.IndexFunc(c.merged.Leaves("extensions", of), func(l layers.Leaf) bool { return l.Remote && len(l.Path) > 2 })
				if strings.ReplaceAll(of, " ", "") == strings.ReplaceAll(name, " ", "") && at >= 0 {
					token := c.merged.Leaves("extensions", of)[at]
					c.refuse(Refusal{Path: token.Path, Value: layers.Show(token.Path, token.Value), Capability: Credentials, Why: does[Credentials], Origin: token.Origin})
				}
			}
		}
	}
}
