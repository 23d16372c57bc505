package awsaccess

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// ownAddresses are where metadata and credentials of an instance, a task or a pod are served. No proxy leads to
// them: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html.
var ownAddresses = []string{"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

// PrepareEnvironment remembers the environment, once, and then makes it safe for every HTTP client of the process.
func PrepareEnvironment() error {
	awsroute.KeepProxyEnvironment()
	KeepEnvironment()
	return BypassMetadata()
}

// BypassMetadata adds the addresses of metadata and credentials to NO_PROXY, so that no HTTP client of the process asks
// a proxy for them.
func BypassMetadata() error {
	value := noProxy()
	entries := strings.Split(value, ",")
	for i, e := range entries {
		entries[i] = strings.TrimSpace(e)
	}
	for _, address := range ownAddresses {
		if !slices.Contains(entries, address) {
			value = strings.TrimPrefix(value+","+address, ",")
		}
	}
	return setBoth("NO_PROXY", value)
}

// setBoth sets a variable of proxies, and its other spelling where that is set: curl and Python read that first.
func setBoth(name, value string) error {
	if small := strings.ToLower(name); os.Getenv(small) != "" {
		if err := os.Setenv(small, value); err != nil {
			return err
		}
	}
	return os.Setenv(name, value)
}

// noProxy is what Go's clients read: NO_PROXY, or no_proxy where that is empty (golang.org/x/net/http/httpproxy).
func noProxy() string {
	if value := os.Getenv("NO_PROXY"); value != "" {
		return value
	}
	return os.Getenv("no_proxy")
}

// SetProxy makes HOST:PORT, or USER:PASSWORD@HOST:PORT, the proxy of every HTTP client that honours the environment,
// and proves it for every name of AWS in the regions: net/http reads the environment once, and somebody may have been
// first.
func SetProxy(region, address string, otherRegions ...string) error {
	proxy, err := url.Parse("http://" + address)
	if err != nil {
		return fmt.Errorf("process_proxy: %q is not the address of a proxy", address)
	}
	if err := PrepareEnvironment(); err != nil {
		return err
	}
	if err := setBoth("HTTPS_PROXY", proxy.String()); err != nil {
		return err
	}
	for _, region := range append([]string{region}, otherRegions...) {
		names, err := awsnames.ForRegion(region)
		if err != nil {
			return err
		}
		if host, got, ok := escapes(names, noProxy(), http.ProxyFromEnvironment, proxy.Host); !ok {
			return &escapedError{proxy: proxy.Host, host: host, got: got, called: isCalled(names, proxy.Host)}
		}
	}
	return nil
}

// escapedError says that names of AWS would go past the listener.
type escapedError struct {
	proxy, host, got string
	called           bool // some of them are of the services that the collector itself calls
}

func (e *escapedError) Error() string {
	return fmt.Sprintf("process_proxy: calls to %s would not take the proxy http://%s but %q: name this configuration in %s, or set HTTPS_PROXY=http://%s, in the environment that the collector is started with, and take AWS names out of NO_PROXY (%q)",
		e.host, e.proxy, e.got, Variable, e.proxy, noProxy())
}

// isCalled says whether a name of the services that the collector itself calls escapes.
func isCalled(names *awsnames.Names, proxy string) bool {
	for _, s := range awsnames.Services() {
		for _, host := range names.Hosts(s) {
			through, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
			if err != nil || through == nil || through.Host != proxy {
				return true
			}
		}
	}
	return false
}

// escapes looks for a name of AWS that a client would not send through the proxy: ok is false where there is one, and
// got is where the client would go instead. What NO_PROXY means is asked of the client's own function, for names below
// each suffix that AWS has and for names at, and below, each of its entries.
func escapes(names *awsnames.Names, noProxy string, choose func(*http.Request) (*url.URL, error), proxy string) (host, got string, ok bool) {
	for _, host := range append(names.Samples(), candidates(names, noProxy)...) {
		through, err := choose(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
		if err != nil {
			return host, "an invalid proxy", false
		}
		if through == nil {
			return host, "none", false
		}
		if through.Scheme != "http" || through.Host != proxy {
			return host, through.Redacted(), false
		}
	}
	return "", "", true
}

// candidates are the names of AWS that an entry of NO_PROXY may be about. An entry that exempts a name exempts what
// ends in it: it is a suffix that AWS's names have (Samples), or a name, or a suffix of names below one.
func candidates(names *awsnames.Names, noProxy string) []string {
	var found []string
	for entry := range strings.SplitSeq(noProxy, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if host, _, err := net.SplitHostPort(entry); err == nil {
			entry = host
		}
		entry = strings.TrimPrefix(strings.TrimPrefix(entry, "*"), ".")
		for _, below := range []string{"", "a.", "vpce-0.", "vpce-0.a."} {
			host := below + entry
			_, regional := names.Service(host)
			_, global := names.Global(host)
			_, endpoint := names.Endpoint(host)
			if regional || global || endpoint {
				found = append(found, host)
			}
		}
	}
	return found
}
