package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// expirySoon is when a certificate that works is reported. AWS renews its own long before.
const expirySoon = 14 * 24 * time.Hour

// routeChecks are the checks of all routes of a service, in the table's order.
func routeChecks(s awsnames.Service, inspections []awsroute.Inspection, now time.Time) []Check {
	works := false
	for i := range inspections {
		works = works || inspections[i].Works()
	}
	checks := make([]Check, 0, len(inspections))
	for i := range inspections {
		in := &inspections[i]
		id, title := fmt.Sprintf("%s.route.%s", s, in.Route), fmt.Sprintf("Route %s (%s)", in.Route, in.Kind)
		checks = append(checks, routeCheck(id, title, in, works, now))
	}
	return checks
}

// routeCheck reports one route. A route that does not work is a problem where no other one does.
func routeCheck(id, title string, in *awsroute.Inspection, works bool, now time.Time) Check {
	c := Check{ID: id, Title: title, Status: OK}
	if in.Excluded != "" {
		return notChecked(id, title, in.Excluded)
	}
	var (
		good, bad int
		first     error // that stands for the route
		fastest   time.Duration
		leaf      *awsroute.Certificate // the one that ends first
		expiry    time.Time
	)
	fail := func(err error) {
		bad++
		if first == nil {
			first = err
		}
	}
	for _, target := range in.Targets {
		if target.DNSErr != nil {
			fail(target.DNSErr)
			c.fact(target.Name, "DNS: "+dnsReason(target.DNSErr))
			continue
		}
		if len(target.Addresses) == 0 {
			fail(errNoAddress)
			c.fact(target.Name, errNoAddress.Error())
		}
		for _, a := range target.Addresses {
			c.fact(target.Name, addressLine(a))
			if err := errors.Join(a.Refused, a.TCPErr, a.TunnelErr, a.TLSErr); err != nil {
				fail(err)
				continue
			}
			good++
			if fastest == 0 || a.Latency < fastest {
				fastest = a.Latency
			}
			if a.TLS != nil && (expiry.IsZero() || a.TLS.NotAfter.Before(expiry)) {
				leaf, expiry = a.TLS, a.TLS.NotAfter
			}
		}
	}
	c.DurationMS = fastest.Milliseconds()
	switch {
	case good == 0:
		c.Status = Problem
		if works {
			c.Status = Warning
		}
		c.Detail, c.Remedy = "does not work: "+brief(first), pathRemedy(first)
		leaf = shown(first)
	case bad > 0:
		c.Status = Warning
		c.Detail, c.Remedy = fmt.Sprintf("works in %s, but not at every address", millis(fastest)), pathRemedy(first)
	default:
		c.Detail = "works in " + millis(fastest)
	}
	if leaf != nil {
		c.certificate(leaf)
	}
	if left := expiry.Sub(now); !expiry.IsZero() && left < expirySoon && c.Status == OK {
		c.Status = Warning
		c.Detail += "; the certificate ends in " + rough(left)
		c.Remedy = "whoever serves the certificate must renew it; a private authority's certificate does not renew itself"
	}
	return c
}

var errNoAddress = errors.New("DNS answers no address")

// addressLine is everything about one address.
func addressLine(a awsroute.AddressInspection) string {
	line := fmt.Sprintf("%s (%s)", a.Address, a.Scope)
	switch {
	case a.Refused != nil:
		var refused *awsroute.RefusedError
		if errors.As(a.Refused, &refused) {
			return fmt.Sprintf("%s, refused: %s", line, refused.Reason)
		}
		return line + ", refused"
	case a.TCPErr != nil:
		return line + ", TCP: " + brief(a.TCPErr)
	}
	line += ", TCP " + millis(a.TCP)
	switch {
	case a.TunnelErr != nil:
		return line + ", proxy: " + brief(a.TunnelErr)
	case a.TLSErr != nil:
		return line + ", TLS: " + brief(a.TLSErr)
	case a.TLS != nil:
		line += fmt.Sprintf(", %s %s", tls.VersionName(a.TLS.Version), millis(a.Latency-a.TCP))
	}
	return line
}

func (c *Check) certificate(leaf *awsroute.Certificate) {
	names := "without names"
	if len(leaf.Names) > 0 {
		names = leaf.Names[0]
	}
	if more := len(leaf.Names) - 1; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	c.fact("certificate", names)
	c.fact("issued by", leaf.Issuer)
	c.fact("valid until", stamp(leaf.NotAfter))
}

func dnsReason(err error) string {
	if inner, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case inner.IsNotFound:
			return "no such name"
		case inner.IsTimeout:
			return "no answer in time"
		}
		return inner.Err
	}
	return brief(err)
}

// brief is the end of a chain of errors, which says what happened.
func brief(err error) string {
	if err == nil {
		return ""
	}
	var refused *awsroute.RefusedError
	if errors.As(err, &refused) {
		return refused.Error()
	}
	if inner, ok := errors.AsType[*net.DNSError](err); ok {
		return "DNS: " + dnsReason(inner) + " for " + inner.Name
	}
	if inner, ok := errors.AsType[*net.OpError](err); ok && inner.Err != nil {
		return strings.TrimPrefix(oneLine(inner.Err), "connect: ")
	}
	return oneLine(err)
}

func millis(d time.Duration) string {
	if d < time.Millisecond {
		return "1 ms"
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
