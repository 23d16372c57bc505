package awslocal

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/certs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/faults"
)

// The identity of a server that was not given one. The key pair is made up and opens nothing else.
const (
	DefaultRegion          = "us-east-1"
	DefaultAccount         = "123456789012"
	DefaultAccessKeyID     = "AKIALOCALEXAMPLE0000"
	DefaultSecretAccessKey = "local/Example/Secret/Key/For/Loopback/Only"
	DefaultUser            = "local"
)

// Options say what a Server is. The zero value is a server on a free loopback port.
type Options struct {
	// Listen is the address of the plain HTTP listener. Default: 127.0.0.1:0, a free port.
	Listen string
	// ListenTLS is the address of a second listener that speaks TLS. Default: none.
	ListenTLS string
	// Authority signs the certificates of the TLS listener. Default: a new one for this server.
	Authority *certs.Authority

	// Region is the only region that the server stands for. Default: us-east-1.
	Region string
	// Account is the account's 12 digits. Default: 123456789012.
	Account string
	// AccessKeyID and SecretAccessKey are the key pair of the IAM user "local".
	AccessKeyID, SecretAccessKey string

	// MaxLogBytes bounds the log events held in memory. Default: logs.DefaultMaxBytes.
	MaxLogBytes int64
	// OmitSequenceToken leaves the deprecated nextSequenceToken out of PutLogEvents' answers.
	OmitSequenceToken bool
	// IgnoreQuotas switches the request rates of the account off; limits of size stay.
	IgnoreQuotas bool

	// EC2 and ECS switch the instance metadata service and the task metadata and credentials
	// endpoints on. Both are served by the same listeners.
	EC2, ECS bool
	// SessionDuration is the life of the credentials that these hand out; they are replaced when a sixth of it is
	// left. Default: 6 hours, as in AWS.
	SessionDuration time.Duration

	// OnLogEvent, if not nil, is called for every log event that is accepted and is not an EMF document.
	// It must return soon: the client waits.
	OnLogEvent func(group, stream, message string, eventTime time.Time)

	// Faults are rules that hold from the start.
	Faults []faults.Rule
	// Seed makes faults by probability repeatable.
	Seed uint64

	// Version is shown on the status page.
	Version string
	// Now is the server's clock. Default: time.Now.
	Now func() time.Time
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]$`)
)

// withDefaults fills what was left out and refuses what cannot be.
func (o Options) withDefaults() (Options, error) {
	o.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	o.Region = cmp.Or(o.Region, DefaultRegion)
	o.Account = cmp.Or(o.Account, DefaultAccount)
	o.AccessKeyID = cmp.Or(o.AccessKeyID, DefaultAccessKeyID)
	o.SecretAccessKey = cmp.Or(o.SecretAccessKey, DefaultSecretAccessKey)
	if o.Now == nil {
		o.Now = time.Now
	}
	if !accountPattern.MatchString(o.Account) {
		return o, fmt.Errorf("account %q is not 12 digits; give one such as %s", o.Account, DefaultAccount)
	}
	if !regionPattern.MatchString(o.Region) {
		return o, fmt.Errorf("region %q is not the name of a region; give one such as %s", o.Region, DefaultRegion)
	}
	for name, address := range map[string]string{"listen": o.Listen, "listen-tls": o.ListenTLS} {
		if address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return o, fmt.Errorf("%s address %q: %w; give HOST:PORT, such as 127.0.0.1:4566", name, address, err)
		}
	}
	return o, nil
}
