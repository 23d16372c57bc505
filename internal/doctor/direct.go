package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"go.opentelemetry.io/collector/config/configopaque"
	"golang.org/x/net/http/httpproxy"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// The routes that stand for a host without a table: its proxy variables, and what its DNS answers.
const (
	routeProxy   = "HTTPS_PROXY"
	routePrivate = "private"
	routePublic  = "public"
)

// directTable makes a table of what a program without one does. It is for looking only.
func directTable(region string, o Options) (*awsroute.Table, error) {
	c := awsroute.NewDefaultConfig()
	c.Region, c.Policy = region, awsroute.Any
	if proxy := httpproxy.FromEnvironment().HTTPSProxy; proxy != "" {
		if !hasScheme(proxy) {
			proxy = "http://" + proxy // as net/http takes it
		}
		c.Routes = append(c.Routes, awsroute.Route{Name: routeProxy, HTTPProxy: &awsroute.HTTPProxy{URL: configopaque.String(proxy)}})
	}
	c.Routes = append(c.Routes,
		awsroute.Route{Name: routePrivate, PrivateDNS: &awsroute.PrivateDNS{}},
		awsroute.Route{Name: routePublic, Public: &awsroute.Public{}})
	t, err := awsroute.New(c, awsroute.Options{Resolver: o.Resolver})
	if err != nil && proxyOf(c) != "" {
		return nil, fmt.Errorf("the proxy of HTTPS_PROXY cannot be looked at: %w", err)
	}
	return t, err
}

func hasScheme(proxy string) bool {
	for i, r := range proxy {
		switch {
		case r == ':':
			return i > 0 && len(proxy) > i+2 && proxy[i:i+3] == "://"
		case r == '/' || r == '.' || r == '@':
			return false
		}
	}
	return false
}

func proxyOf(c awsroute.Config) string {
	if c.Routes[0].HTTPProxy != nil {
		return c.Routes[0].Name
	}
	return ""
}

// directCheck is the one way that a service has without a table.
func directCheck(ctx context.Context, t *awsroute.Table, s awsnames.Service, o Options) Check {
	id := fmt.Sprintf("%s.route.direct", s)
	byRoute := map[string]*awsroute.Inspection{}
	inspections := t.Inspect(ctx, s)
	for i := range inspections {
		byRoute[inspections[i].Route] = &inspections[i]
	}
	if proxy := byRoute[routeProxy]; proxy != nil && proxy.Excluded == "" {
		return routeCheck(id, "Way through HTTPS_PROXY", proxy, false, o.Now())
	}
	merged := merge(byRoute[routePrivate], byRoute[routePublic])
	return routeCheck(id, "Way that DNS answers", &merged, false, o.Now())
}

// merge takes each address from the route that may dial it: the private one or the public one.
func merge(private, public *awsroute.Inspection) awsroute.Inspection {
	merged := awsroute.Inspection{Route: private.Route, Kind: private.Kind}
	for i, target := range private.Targets {
		if i >= len(public.Targets) {
			break
		}
		other := map[netip.Addr]awsroute.AddressInspection{}
		for _, a := range public.Targets[i].Addresses {
			other[a.Address] = a
		}
		both := awsroute.TargetInspection{Name: target.Name, DNSErr: target.DNSErr}
		if target.DNSErr != nil && public.Targets[i].DNSErr == nil { // the second question was answered
			both.DNSErr = nil
			both.Addresses = public.Targets[i].Addresses
		}
		for _, a := range target.Addresses {
			if b, ok := other[a.Address]; ok && isPublic(a.Refused) {
				a = b
			}
			both.Addresses = append(both.Addresses, a)
		}
		merged.Targets = append(merged.Targets, both)
	}
	return merged
}

func isPublic(err error) bool {
	var refused *awsroute.RefusedError
	return errors.As(err, &refused) && refused.Reason == awsroute.ReasonPublicAddress
}
