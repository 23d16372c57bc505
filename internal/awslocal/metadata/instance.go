package metadata

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// The instance's place in its network: made up, and the same for every instance.
const (
	privateIP  = "10.0.0.10"
	macAddress = "02:00:00:00:00:0a"
	vpcID      = "vpc-0abcdef1234567890"
	vpcCIDR    = "10.0.0.0/16"
	subnetID   = "subnet-0abcdef1234567890"
	subnetCIDR = "10.0.0.0/24"
)

// leaf is one item of the instance metadata.
type leaf func() string

func text(s string) leaf { return func() string { return s } }

// instanceTree is everything below /latest/, by path.
func (s *Service) instanceTree() map[string]leaf {
	c := s.config
	partition, domain := wire.Partition(c.Region)
	host := hostname(c.Region)
	tree := map[string]leaf{
		"meta-data/ami-id":                      text(c.ImageID),
		"meta-data/ami-launch-index":            text("0"),
		"meta-data/hostname":                    text(host),
		"meta-data/iam/info":                    s.iamInfo,
		"meta-data/iam/security-credentials/":   text(c.RoleName),
		"meta-data/instance-action":             text("none"),
		"meta-data/instance-id":                 text(c.InstanceID),
		"meta-data/instance-life-cycle":         text("on-demand"),
		"meta-data/instance-type":               text(c.InstanceType),
		"meta-data/local-hostname":              text(host),
		"meta-data/local-ipv4":                  text(privateIP),
		"meta-data/mac":                         text(macAddress),
		"meta-data/placement/availability-zone": text(c.AvailabilityZone),
		"meta-data/placement/region":            text(c.Region),
		"meta-data/profile":                     text("default-hvm"),
		"meta-data/reservation-id":              text("r-0abcdef1234567890"),
		"meta-data/security-groups":             text("default"),
		"meta-data/services/domain":             text(domain),
		"meta-data/services/partition":          text(partition),
		"dynamic/instance-identity/document":    s.identityDocument,
	}
	tree["meta-data/iam/security-credentials/"+c.RoleName] = s.instanceCredentials
	for key, value := range map[string]string{
		"device-number":          "0",
		"interface-id":           "eni-0abcdef1234567890",
		"local-hostname":         host,
		"local-ipv4s":            privateIP,
		"mac":                    macAddress,
		"network-card":           "0",
		"owner-id":               c.Account,
		"security-group-ids":     "sg-0abcdef1234567890",
		"security-groups":        "default",
		"subnet-id":              subnetID,
		"subnet-ipv4-cidr-block": subnetCIDR,
		"vpc-id":                 vpcID,
		"vpc-ipv4-cidr-block":    vpcCIDR,
		"vpc-ipv4-cidr-blocks":   vpcCIDR,
	} {
		tree["meta-data/network/interfaces/macs/"+macAddress+"/"+key] = text(value)
	}
	for key, value := range c.Tags {
		tree["meta-data/tags/instance/"+key] = text(value)
	}
	return tree
}

// hostname is the name that EC2 gives to the private address.
func hostname(region string) string {
	name := "ip-" + strings.ReplaceAll(privateIP, ".", "-")
	if region == "us-east-1" {
		return name + ".ec2.internal"
	}
	return name + "." + region + ".compute.internal"
}

func (s *Service) serveInstance(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/latest"), "/")
	if path == "api/token" {
		s.serveToken(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		instanceError(w, http.StatusMethodNotAllowed)
		return
	}
	if !s.admit(w, r) {
		return
	}
	answer, ok := s.read(path)
	if !ok {
		instanceError(w, http.StatusNotFound)
		return
	}
	writeText(w, answer)
}

// read returns an item, or the names below a path, those of further levels with a slash.
func (s *Service) read(path string) (string, bool) {
	if item := s.instance[path]; item != nil {
		return item(), true
	}
	if item := s.instance[strings.TrimSuffix(path, "/")]; item != nil {
		return item(), true
	}
	if path != "" && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	if item := s.instance[path]; item != nil {
		return item(), true
	}
	below := map[string]bool{}
	for name := range s.instance {
		rest, ok := strings.CutPrefix(name, path)
		if !ok || rest == "" {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		if deeper {
			first += "/"
		}
		below[first] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(below)), "\n"), len(below) > 0
}

// stamp is a time as the metadata service writes it.
func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

func document(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // plain structs always encode
	}
	return string(b)
}

func (s *Service) iamInfo() string {
	partition, _ := wire.Partition(s.config.Region)
	return document(struct {
		Code, LastUpdated, InstanceProfileArn, InstanceProfileId string // the wire names
	}{
		"Success", stamp(s.credentials(s.config.InstanceID).issued),
		"arn:" + partition + ":iam::" + s.config.Account + ":instance-profile/" + s.config.RoleName, "AIPAEXAMPLE0123456789",
	})
}

func (s *Service) instanceCredentials() string {
	c := s.credentials(s.config.InstanceID)
	return document(struct {
		Code, LastUpdated, Type, AccessKeyId, SecretAccessKey, Token, Expiration string // the wire names
	}{"Success", stamp(c.issued), "AWS-HMAC", c.AccessKeyID, c.SecretAccessKey, c.SessionToken, stamp(c.Expires)})
}

func (s *Service) identityDocument() string {
	c := s.config
	return document(struct {
		AccountID               string   `json:"accountId"`
		Architecture            string   `json:"architecture"`
		AvailabilityZone        string   `json:"availabilityZone"`
		BillingProducts         []string `json:"billingProducts"`
		DevpayProductCodes      []string `json:"devpayProductCodes"`
		MarketplaceProductCodes []string `json:"marketplaceProductCodes"`
		ImageID                 string   `json:"imageId"`
		InstanceID              string   `json:"instanceId"`
		InstanceType            string   `json:"instanceType"`
		KernelID                *string  `json:"kernelId"`
		PendingTime             string   `json:"pendingTime"`
		PrivateIP               string   `json:"privateIp"`
		RamdiskID               *string  `json:"ramdiskId"`
		Region                  string   `json:"region"`
		Version                 string   `json:"version"`
	}{
		AccountID: c.Account, Architecture: "x86_64", AvailabilityZone: c.AvailabilityZone, ImageID: c.ImageID,
		InstanceID: c.InstanceID, InstanceType: c.InstanceType, PendingTime: stamp(s.started), PrivateIP: privateIP,
		Region: c.Region, Version: "2017-09-30",
	})
}

func writeText(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Server", "EC2ws")
	_, _ = w.Write([]byte(body)) // the client may have gone away
}

// instanceError answers with the page that the instance metadata service has for a status.
func instanceError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Server", "EC2ws")
	w.WriteHeader(status)
	title := fmt.Sprintf("%d - %s", status, http.StatusText(status))
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>%s</title>
 </head>
 <body>
  <h1>%s</h1>
 </body>
</html>
`, title, title)
}
