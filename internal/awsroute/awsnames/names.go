package awsnames

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// variant is one of the four names that a service may have in a region.
type variant struct{ fips, dualStack bool }

// variants in order of use: the first is the public name that an SDK takes without settings.
var variants = []variant{{}, {fips: true}, {dualStack: true}, {fips: true, dualStack: true}}

// Names are the host names of one region's services. The zero value is of no use; see ForRegion.
type Names struct {
	region   string
	hosts    map[Service][]string // the first is the plain public name
	suffixes []string             // what follows the region in public names: plain, dual-stack, and those of on.aws
}

var regionPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)

// ForRegion asks the SDK's endpoint rules for the names of every service in region. It fails where
// region cannot be a part of a host name.
func ForRegion(region string) (*Names, error) {
	if !regionPattern.MatchString(region) {
		return nil, fmt.Errorf("%q is not the name of a region such as eu-central-1", region)
	}
	n := &Names{region: region, hosts: map[Service][]string{}}
	for _, v := range variants {
		for _, s := range []Service{Logs, Monitoring, SSM, STS, XRay} {
			endpoint, err := resolve(s, region, v)
			if err != nil && v == (variant{}) {
				return nil, fmt.Errorf("no endpoint of %s in region %q: %w", s, region, err)
			}
			if err == nil { // a partition may lack FIPS or dual-stack
				n.add(s, endpoint.URI.Hostname())
			}
		}
	}
	// The SDKs of these four are not linked in for their names alone. They follow the pattern of ssm.
	for _, s := range []Service{EC2, S3, KMS, SecretsManager} {
		for _, host := range n.hosts[SSM] {
			label, rest, _ := strings.Cut(host, ".")
			n.add(s, string(s)+strings.TrimPrefix(label, string(SSM))+"."+rest)
			// In GovCloud ssm has no FIPS label; these services may have one.
			n.add(s, string(s)+"-fips."+rest)
		}
		if s == S3 { // S3 writes its dual-stack names in its own way
			suffix := strings.TrimPrefix(n.hosts[SSM][0], string(SSM)+".")
			n.add(s, "s3.dualstack."+suffix)
			n.add(s, "s3-fips.dualstack."+suffix)
		}
	}
	n.suffixes = suffixesOf(region, n.hosts[SSM])
	return n, nil
}

func (n *Names) add(s Service, host string) {
	if !slices.Contains(n.hosts[s], host) {
		n.hosts[s] = append(n.hosts[s], host)
	}
}

// Region is the region that the names are of.
func (n *Names) Region() string { return n.region }

// Public is the name that an SDK calls for s when nothing else is set.
func (n *Names) Public(s Service) string { return n.hosts[s][0] }

// Hosts are all names of s: plain, FIPS, dual-stack, both.
func (n *Names) Hosts(s Service) []string { return slices.Clone(n.hosts[s]) }

func resolve(s Service, region string, v variant) (smithyendpoints.Endpoint, error) {
	ctx, fips, dual := context.Background(), aws.Bool(v.fips), aws.Bool(v.dualStack)
	switch s {
	case Logs:
		return cloudwatchlogs.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, cloudwatchlogs.EndpointParameters{Region: &region, UseFIPS: fips, UseDualStack: dual})
	case Monitoring:
		return cloudwatch.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, cloudwatch.EndpointParameters{Region: &region, UseFIPS: fips, UseDualStack: dual})
	case SSM:
		return ssm.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssm.EndpointParameters{Region: &region, UseFIPS: fips, UseDualStack: dual})
	case STS:
		return sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region, UseFIPS: fips, UseDualStack: dual})
	case XRay:
		return xray.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, xray.EndpointParameters{Region: &region, UseFIPS: fips, UseDualStack: dual})
	}
	return smithyendpoints.Endpoint{}, fmt.Errorf("no endpoint rules for %q", s)
}

// Custom is a custom endpoint's host and port; the port is the scheme's where the URL has none.
func Custom(rawURL string) (host, port string, err error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return "", "", err
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", "", fmt.Errorf("%q is not a URL such as https://host:port", rawURL)
	}
	defaultPort := "443"
	if u.Scheme == "http" {
		defaultPort = "80"
	}
	return strings.ToLower(u.Hostname()), cmp.Or(u.Port(), defaultPort), nil
}
