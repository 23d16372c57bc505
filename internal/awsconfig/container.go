package awsconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

// The container endpoints (SDK reference guide, "Container credential provider"): plain HTTP is for
// these and for loopback only.
const ecsEndpoint = "http://169.254.170.2"

var containerAddresses = []netip.Addr{
	netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("fd00:ec2::23"),
}

// container asks the endpoint that the environment names, and nothing else.
func (b *builder) container() (aws.CredentialsProvider, error) {
	endpoint, err := containerEndpoint(os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
	if err != nil {
		return nil, err
	}
	return endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
		o.HTTPClient = b.metadata
		o.Retryer = b.plain.Retryer()
		o.AuthorizationToken = os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				token, err := os.ReadFile(file)
				if err != nil {
					return "", fmt.Errorf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %w", err)
				}
				return string(token), nil
			})
		}
	}), nil
}

func containerEndpoint(relative, full string) (string, error) {
	if relative != "" {
		return ecsEndpoint + "/" + strings.TrimPrefix(relative, "/"), nil
	}
	if full == "" {
		return "", errors.New(`credentials::source is "container", but neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor ` +
			"AWS_CONTAINER_CREDENTIALS_FULL_URI is set; run in an ECS task with a role or an EKS pod with an identity, or choose another source")
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI %q is not a URL; give one such as http://127.0.0.1:PORT/PATH", full)
	}
	if u.Scheme == "http" && !mayBePlain(u.Hostname()) {
		return "", fmt.Errorf("AWS_CONTAINER_CREDENTIALS_FULL_URI %q sends credentials over plain http to another host; use https, or a loopback address", full)
	}
	return full, nil
}

func mayBePlain(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, a := range containerAddresses {
		if address.Unmap() == a {
			return true
		}
	}
	return address.IsLoopback()
}
