package trust

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	allowedHost     = regexp.MustCompile(`^(?:\*\.)?[A-Za-z0-9_.-]+(?::[0-9]+)?$|^[0-9a-fA-F:]+$|^\[[0-9a-fA-F:]+\](?::[0-9]+)?$`)
	allowedVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*\*?$`)
	hostName        = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$`)

	// awsService are the endpoints of the services that components send to. Names that AWS gives to what its customers run
	// (load balancers, instances, buckets, functions, endpoints of services that others offer) are not among them.
	awsService = regexp.MustCompile(`^(?:` +
		`(?:logs|monitoring|xray|sts|ssm|secretsmanager|ec2|aps-workspaces)(?:-fips)?\.[a-z]{2,4}(?:-[a-z]+)+-\d+\.(?:` + awsSuffixes + `)` +
		`|vpce-[a-z0-9-]+\.(?:logs|monitoring|xray|sts|ssm|secretsmanager|ec2|aps-workspaces)\.[a-z]{2,4}(?:-[a-z]+)+-\d+\.vpce\.(?:` + awsSuffixes + `)` +
		`|sts\.amazonaws\.com` +
		`)$`)
)

// awsSuffixes are those of the partitions of the SDK's partitions.json (v1.43).
const awsSuffixes = `amazonaws\.com|api\.aws|amazonaws\.com\.cn|api\.amazonwebservices\.com\.cn|amazonaws\.eu|api\.amazonwebservices\.eu|` +
	`c2s\.ic\.gov|api\.aws\.ic\.gov|sc2s\.sgov\.gov|api\.aws\.scloud|cloud\.adc-e\.uk|api\.cloud-aws\.adc-e\.uk|csp\.hci\.ic\.gov|api\.aws\.hci\.ic\.gov`

// target takes an endpoint apart: a URL of http or https, or host:port. Others, such as unix: and dns:, are none.
func target(endpoint string) (host, port string, plain, ok bool) {
	endpoint = strings.TrimSpace(endpoint)
	if strings.ContainsAny(endpoint, "\\ \t\n") {
		return "", "", false, false
	}
	scheme, rest, isURL := strings.Cut(endpoint, "://")
	if !isURL {
		rest = endpoint
	} else if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
		return "", "", false, false
	}
	u, err := url.Parse("https://" + rest)
	if err != nil || u.Hostname() == "" {
		return "", "", false, false
	}
	host, port = strings.ToLower(u.Hostname()), u.Port()
	if _, err := netip.ParseAddr(host); err != nil && !hostName.MatchString(host) {
		return "", "", false, false
	}
	return strings.TrimSuffix(host, "."), port, isURL && scheme == "http", true
}

// host reports whether remote layers may send to an endpoint.
func (p Policy) host(endpoint string, loopback bool) bool {
	if p.Allows(Send) {
		return true
	}
	host, port, plain, ok := target(endpoint)
	if !ok {
		return false
	}
	if loopback && isLoopback(host) || !plain && awsService.MatchString(host) {
		return true
	}
	return slices.ContainsFunc(p.Hosts, func(allowed string) bool {
		name, wanted := allowed, ""
		if h, p, err := net.SplitHostPort(allowed); err == nil {
			name, wanted = h, p
		}
		if wanted != "" && wanted != port {
			return false
		}
		if below, star := strings.CutPrefix(name, "*."); star {
			return strings.HasSuffix(host, "."+below)
		}
		return host == strings.Trim(name, "[]")
	})
}

// isLoopback reports whether a name can be nothing but this host.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// loopbackListener reports whether host:port is on loopback.
func loopbackListener(address string) bool {
	host, _, err := net.SplitHostPort(strings.TrimSpace(address))
	return err == nil && isLoopback(host)
}
