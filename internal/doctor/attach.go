package doctor

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// attachChecks say, for every component that does not take the table's way by itself, whether what it
// sends does. They look at settings alone: the listener runs only while the collector does.
func (a *access) attachChecks() []Check {
	if a.routing.table == nil {
		return nil
	}
	var checks []Check
	for _, c := range a.plan.clients {
		if !c.modified {
			checks = append(checks, a.attachCheck(c))
		}
	}
	for _, id := range a.plan.ofType("extensions", "awsproxy") {
		checks = append(checks, a.attachCheck(client{component: id, service: awsnames.XRay}))
	}
	if c, ok := a.lentCredentials(); ok {
		checks = append(checks, c)
	}
	return checks
}

// lentCredentials says whether components that do not know the extension's credentials get them.
func (a *access) lentCredentials() (Check, bool) {
	others := slices.ContainsFunc(a.plan.clients, func(c client) bool { return !c.modified })
	if a.routing.extension == "" || !a.routing.config.HasCredentials() || !others {
		return Check{}, false
	}
	const variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	c := Check{ID: "configuration.credentials", Title: "Credentials of other components", Status: Warning}
	served := a.routing.config.CredentialsEndpoint
	if served == nil {
		c.Detail = "exporters use the SDK's own chain, not the credentials of " + a.routing.extension
		c.Remedy = "add credentials_endpoint to it, and start the collector with " + variable
		return c, true
	}
	c.fact("served at", served.Endpoint)
	if u, err := url.Parse(os.Getenv(variable)); err != nil || u.Host != served.Endpoint {
		c.Detail = variable + " does not lead to the credentials endpoint in this environment"
		c.Remedy = fmt.Sprintf("start the collector, and doctor, with %s=http://%s/v1/credentials", variable, served.Endpoint)
		return c, true
	}
	c.Status, c.Detail = OK, "they find them at the credentials endpoint"
	return c, true
}

func (a *access) attachCheck(of client) Check {
	c := Check{ID: "configuration.path." + of.component, Title: "Path of " + of.component, Status: OK}
	r, listen := a.routing, a.routing.config.Listen
	c.fact("listener", listen)
	switch {
	case r.config.ProcessProxy && listen != "":
		c.Detail = "process_proxy makes it send through the listener"
		return c
	}
	missed := a.missed(of)
	if len(missed) == 0 && listen != "" {
		c.Detail = "HTTPS_PROXY makes it send through the listener"
		return c
	}
	c.Status = Warning
	if listen != "" || r.config.Policy == awsroute.PrivateOnly {
		c.Status = Problem
	}
	c.Detail = fmt.Sprintf("%s would not take the table's way: this component does not know the table", strings.Join(missed, " and "))
	if only := proxied(of.proxy, listen); only && len(missed) > 0 {
		c.Detail = "its proxy_address leads to the listener, but its calls of sts would not go there"
	}
	c.Remedy = "set process_proxy: true" + map[bool]string{true: " and listen: 127.0.0.1:4443"}[listen == ""] + " in " + r.extension
	if r.extension == "" {
		c.Remedy = "add the extension endpoint_routing with listen and process_proxy: true"
	}
	return c
}

// missed are the services that a component would call around the listener.
func (a *access) missed(of client) []string {
	services := []awsnames.Service{of.service}
	if of.role != "" && of.service != awsnames.STS {
		services = append(services, awsnames.STS)
	}
	names, err := awsnames.ForRegion(a.routing.config.Region)
	if err != nil {
		return nil
	}
	choose := httpproxy.FromEnvironment().ProxyFunc()
	var missed []string
	for _, s := range services {
		if s != awsnames.STS && proxied(of.proxy, a.routing.config.Listen) {
			continue
		}
		through, err := choose(&url.URL{Scheme: "https", Host: names.Public(s)})
		if err != nil || through == nil || !proxied(through.String(), a.routing.config.Listen) {
			missed = append(missed, string(s))
		}
	}
	return missed
}

// proxied says whether a proxy's URL is the listener.
func proxied(proxy, listen string) bool {
	network, address := awsroute.ListenNetwork(listen)
	if proxy == "" || listen == "" || network != "tcp" {
		return false
	}
	u, err := url.Parse(proxy)
	if err != nil {
		return false
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || u.Port() != port {
		return false
	}
	anywhere := host == "0.0.0.0" || host == "::"
	return u.Hostname() == host || local(u.Hostname()) && (local(host) || anywhere)
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
