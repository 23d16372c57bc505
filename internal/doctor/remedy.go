package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute"
)

// pathRemedy is what to do about an error on the way to a service. Empty: it is none.
func pathRemedy(err error) string {
	var (
		refused *awsroute.RefusedError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &refused):
		return refusalRemedy(refused)
	case tlsRemedy(err) != "":
		return tlsRemedy(err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the name's spelling and region, and that the DNS server in use forwards it"
	case errors.As(err, &dns) && strings.Contains(dns.Err, "unreachable"): // the package net keeps the text alone
		return "this host has no way to its DNS server: check its network interface and routes"
	case errors.As(err, &dns):
		return "check that the DNS server answers this host (dns_servers of a route names another)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "check the address and port: something answers there, and refuses"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "check this host's routes: VPN, Direct Connect, NAT or internet gateway"
	case strings.Contains(err.Error(), "no tunnel in time"):
		return "the proxy takes connections and does not answer: check it, and its own way to AWS"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "let TCP 443 through: security group of the interface endpoint, firewall, VPN or Direct Connect"
	case errors.Is(err, syscall.ECONNRESET):
		return "look for a firewall or proxy that cuts TLS to this name"
	case strings.Contains(err.Error(), ": 407 "): // RFC 9110, 15.5.8
		return "set username and password of the route's http_proxy, or of HTTPS_PROXY, to those that the proxy wants"
	case strings.Contains(err.Error(), "CONNECT "):
		return "let the proxy pass CONNECT to this name and port 443"
	}
	return ""
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func refusalRemedy(e *awsroute.RefusedError) string {
	switch e.Reason {
	case awsroute.ReasonPublicAddress:
		return "let DNS answer the private address (private DNS of the endpoint), or add the range to private_cidrs"
	case awsroute.ReasonPrivateAddress:
		return "use a route with private_dns for names that DNS answers privately"
	case awsroute.ReasonLocalAddress:
		return "look for the name in the hosts file and in what the DNS server answers"
	case awsroute.ReasonNotAllowed:
		return "add the address to the route's allowed_cidrs if it is AWS's"
	case awsroute.ReasonUnknownName:
		return "a name of AWS: add its region to other_regions, or its URL to endpoints; another host: add it to other_hosts"
	}
	return "add a route for the service, or change the policy"
}

func tlsRemedy(err error) string {
	var (
		host      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &host):
		return "the address belongs to another service, or something intercepts TLS: check the endpoint's id"
	case errors.As(err, &authority):
		return "something intercepts TLS: exempt AWS's names from it, or give its certificate as ca_file or AWS_CA_BUNDLE"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "check this host's clock; if it is right, whoever serves the certificate must renew it"
	case errors.As(err, &invalid):
		return "whoever serves the certificate must replace it"
	case strings.Contains(err.Error(), "remote error: tls:"): // an alert
		return "check what answers at the address: it speaks TLS, but does not know AWS's name"
	}
	return ""
}

// shown is the certificate that was not accepted, if that is the error.
func shown(err error) *awsroute.Certificate {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) || len(verification.UnverifiedCertificates) == 0 {
		return nil
	}
	leaf := verification.UnverifiedCertificates[0]
	return &awsroute.Certificate{Names: leaf.DNSNames, Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter}
}
