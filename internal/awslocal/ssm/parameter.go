package ssm

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// Types, tiers and data types, as the API names them.
const (
	typeString       = "String"
	typeStringList   = "StringList"
	typeSecureString = "SecureString"

	tierStandard    = "Standard"
	tierAdvanced    = "Advanced"
	tierIntelligent = "Intelligent-Tiering"

	dataText        = "text"
	dataImage       = "aws:ec2:image"
	dataIntegration = "aws:ssm:integration"
)

type parameter struct {
	name     string
	versions []*version // oldest first, at least one
	tags     map[string]string
	expires  time.Time // zero without an Expiration policy
}

// version is immutable but for its labels.
type version struct {
	number      int64
	kind        string // one of the types
	stored      string // the value; ciphertext for a SecureString
	size        int    // bytes of the value before encryption
	keyID       string
	tier        string
	dataType    string
	description string
	pattern     string
	policies    []policy
	labels      []string
	modified    time.Time
	user        string // ARN
}

func (p *parameter) latest() *version { return p.versions[len(p.versions)-1] }

func (p *parameter) expired(now time.Time) bool {
	return !p.expires.IsZero() && !now.Before(p.expires)
}

func (p *parameter) numbered(number int64) *version {
	for _, v := range p.versions {
		if v.number == number {
			return v
		}
	}
	return nil
}

func (p *parameter) labelled(label string) *version {
	for _, v := range p.versions {
		if slices.Contains(v.labels, label) {
			return v
		}
	}
	return nil
}

// parameterOutput is the Parameter shape.
type parameterOutput struct {
	Name             string
	Type             string
	Value            string
	Version          int64
	Selector         *string    `json:",omitempty"`
	SourceResult     *string    `json:",omitempty"` // only public parameters have one
	LastModifiedDate *wire.Time `json:",omitempty"`
	ARN              string
	DataType         string
}

func (s *Service) output(p *parameter, v *version, selector string, decrypt bool) parameterOutput {
	out := parameterOutput{
		Name:             p.name,
		Type:             v.kind,
		Value:            s.value(p, v, decrypt),
		Version:          v.number,
		LastModifiedDate: wire.NewTime(v.modified),
		ARN:              s.arn(p.name),
		DataType:         v.dataType,
	}
	if selector != "" {
		selector = ":" + selector
		out.Selector = &selector
	}
	return out
}

func (s *Service) value(p *parameter, v *version, decrypt bool) string {
	if v.kind == typeSecureString && decrypt {
		return s.sealer.open(v.stored, s.arn(p.name))
	}
	return v.stored
}

// arn of a parameter: names with and without a leading slash share one form.
func (s *Service) arn(name string) string {
	return s.arnPrefix + "/" + strings.TrimPrefix(name, "/")
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
