package awsnames

import (
	"regexp"
	"slices"
	"strings"
)

// Global is the region of names that have none, such as sts.amazonaws.com. Interface endpoints serve no such name.
const Global = "aws-global"

// onAWS are the suffixes of names that a service gives to what its customers have, by that of its public names:
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html, for instance.
var onAWS = map[string]string{"amazonaws.com": "on.aws", "amazonaws.com.cn": "on.amazonwebservices.com.cn"}

// partitions are the suffixes of AWS's names, as the SDK's partitions.json (v1.43.4) has them, and of onAWS.
var partitions = []string{
	"amazonaws.com", "api.aws", "on.aws",
	"amazonaws.com.cn", "api.amazonwebservices.com.cn", "on.amazonwebservices.com.cn",
	"amazonaws.eu", "api.amazonwebservices.eu",
	"c2s.ic.gov", "api.aws.ic.gov", "sc2s.sgov.gov", "api.aws.scloud",
	"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "csp.hci.ic.gov", "api.aws.hci.ic.gov",
}

// signIns are the names, and what is below them, where the SDKs renew the session of `aws login`, by the suffix of the
// partition's public names (endpoint rules of the SDK's service signin, v1.5.4). GovCloud shares a suffix with others.
var signIns = map[string][]string{
	"amazonaws.com":    {"signin.aws.amazon.com", "oauth.signin.aws"},
	govCloud:           {"signin.amazonaws-us-gov.com", "signin-fips.amazonaws-us-gov.com"},
	"amazonaws.com.cn": {"signin.amazonaws.cn"},
	"amazonaws.eu":     {"signin.amazonaws-eusc.eu"},
	"c2s.ic.gov":       {"signin.c2shome.ic.gov"},
	"sc2s.sgov.gov":    {"signin.sc2shome.sgov.gov"},
	"csp.hci.ic.gov":   {"signin.csphome.hci.ic.gov"},
	"cloud.adc-e.uk":   {"signin.csphome.adc-e.uk"},
}

// govCloud begins the names of GovCloud's regions.
const govCloud = "us-gov-"

// signIns are those of the region's partition.
func (n *Names) signIns() []string {
	if strings.HasPrefix(n.region, govCloud) {
		return signIns[govCloud]
	}
	return signIns[n.suffixes[0]]
}

// atOrBelow says whether host is one of some names, or below one.
func atOrBelow(host string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix("."+host, "."+name) })
}

// customers are the labels after which AWS's DNS has the machines of its customers: ID.REGION.elb.amazonaws.com
// and ec2-ADDRESS.compute-1.amazonaws.com are no services of AWS.
var customers = []string{"elb", "compute", "compute-1", "rds", "redshift", "cache", "elasticbeanstalk"}

// before are the services that write the region before their label, as NAME.REGION.es.amazonaws.com.
var before = []string{"es", "aoss", "eks", "queue"}

// exact are the services whose names have nothing before them. Their names are the SDK's alone.
var exact = []Service{Logs, Monitoring, SSM, STS, XRay}

// regionLabel is a label that is the name of a region.
var regionLabel = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

var hostPattern = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)

var plainPattern = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// IsPlain says whether host, in small letters, is a name as DNS has it. Others, such as one with the full stop of another
// script, mean to some clients and proxies what IsAWS cannot see in them.
func IsPlain(host string) bool { return plainPattern.MatchString(host) }

// canonical is a name in small letters without the dot of the root; false where it cannot be the name of a host.
func canonical(host string) (string, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host, len(host) <= 253 && hostPattern.MatchString(host)
}

// suffixesOf cuts what follows the region out of the names of ssm.
func suffixesOf(region string, hosts []string) []string {
	var suffixes []string
	add := func(suffix string) {
		if suffix != "" && !slices.Contains(suffixes, suffix) {
			suffixes = append(suffixes, suffix)
		}
	}
	for _, host := range hosts {
		_, suffix, _ := strings.Cut(host, "."+region+".")
		add(suffix)
	}
	add(onAWS[suffixes[0]])
	return suffixes
}

// Service is the service that host is a name of in the region: its endpoint, in every variant, or a name below, as
// buckets and registries have. Interface endpoints' own names are not among them.
func (n *Names) Service(host string) (Service, bool) {
	host, ok := canonical(host)
	if !ok {
		return "", false
	}
	for s, hosts := range n.hosts {
		if slices.Contains(hosts, host) {
			return s, true
		}
	}
	for _, suffix := range n.suffixes {
		if labels, found := strings.CutSuffix(host, "."+n.region+"."+suffix); found {
			return serviceOf(labels)
		}
		labels, found := strings.CutSuffix(host, "."+suffix)
		if !found {
			continue
		}
		for _, label := range before { // NAME.REGION.es, and REGION.queue
			if name, found := strings.CutSuffix("."+labels, "."+n.region+"."+label); found && name != "." {
				return Service(label), true
			}
		}
		// s3-REGION.amazonaws.com, which S3 had once and still answers to.
		if _, last := cutLast(labels); last == "s3-"+n.region {
			return S3, true
		}
	}
	return "", false
}

// serviceOf finds the service in what stands before the region: logs, logs-fips, fips.batch, api.ecr, s3.dualstack,
// ACCOUNT.dkr.ecr, BUCKET.s3.
func serviceOf(labels string) (Service, bool) {
	rest, last := cutLast(labels)
	if last == "dualstack" {
		if rest, last = cutLast(rest); last == "" {
			return "", false
		}
	}
	last = strings.TrimSuffix(last, "-fips")
	s := Service(last)
	switch {
	case last == "" || regionLabel.MatchString(last) || last == "vpce":
		return "", false
	case slices.Contains(exact, s):
		if rest != "" && rest != "fips" {
			return "", false
		}
	case last == "ecr": // whose two halves have an interface endpoint each
		if _, half := cutLast(rest); half == "dkr" {
			return "dkr.ecr", true
		}
		return "api.ecr", true
	case last == "dkr-ecr":
		return "dkr.ecr", true
	}
	return s, true
}

// cutLast takes the last label off.
func cutLast(labels string) (rest, last string) {
	at := strings.LastIndexByte(labels, '.')
	return labels[:max(at, 0)], labels[at+1:]
}

// Global is the service of a name of the region's partition that has no region: iam.amazonaws.com,
// iam.global.api.aws, BUCKET.s3.amazonaws.com.
func (n *Names) Global(host string) (Service, bool) {
	host, ok := canonical(host)
	if !ok {
		return "", false
	}
	if atOrBelow(host, n.signIns()) {
		return "signin", true
	}
	for i, suffix := range n.suffixes {
		labels, found := strings.CutSuffix(host, "."+suffix)
		if !found {
			continue
		}
		if i > 0 { // such names on dual-stack suffixes have the label global in the region's place
			if labels, found = strings.CutSuffix(labels, ".global"); !found {
				continue
			}
		}
		if strings.HasPrefix(n.region, govCloud) {
			labels = strings.TrimSuffix(labels, ".us-gov")
		}
		rest, last := cutLast(labels)
		last = strings.TrimSuffix(last, "-fips")
		switch {
		case last == "" || regionLabel.MatchString(last) || slices.Contains(customers, last) || slices.Contains(before, last) || strings.HasPrefix(last, "s3-") && regionLabel.MatchString(last[len("s3-"):]):
		case last == "s3", last == "s3-accelerate":
			return S3, true
		case last == "dualstack" && strings.HasSuffix(rest, ".s3-accelerate"):
			return S3, true
		case rest == "" && last != "vpce", rest == "global":
			return Service(last), true
		}
	}
	return "", false
}

// Endpoint is the service of an interface endpoint's own name in the region: vpce-ID.logs.REGION.vpce.amazonaws.com.
func (n *Names) Endpoint(host string) (Service, bool) {
	host, ok := canonical(host)
	if !ok {
		return "", false
	}
	for _, suffix := range n.suffixes {
		labels, found := strings.CutSuffix(host, "."+n.region+".vpce."+suffix)
		if !found {
			continue
		}
		parts := strings.Split(labels, ".")
		at := slices.IndexFunc(parts, func(l string) bool { return strings.HasPrefix(l, "vpce-") })
		if at < 0 || at == len(parts)-1 {
			return "", false
		}
		return Service(strings.Join(parts[at+1:], ".")), true
	}
	return "", false
}

// IsAWS says whether host is a name of a service of AWS, in whatever region and partition. The machines of AWS's
// customers are none, though AWS's DNS has names for them.
func IsAWS(host string) bool {
	host, ok := canonical(host)
	if !ok {
		return false
	}
	for _, names := range signIns {
		if atOrBelow(host, names) {
			return true
		}
	}
	for _, suffix := range partitions {
		if labels, found := strings.CutSuffix(host, "."+suffix); found {
			rest, last := cutLast(labels)
			return rest == "" || !slices.Contains(customers, last)
		}
	}
	return false
}

// Samples are names of the region and its partition, at least one below every suffix that names have: what exempts
// a suffix from a proxy exempts one of them.
func (n *Names) Samples() []string {
	var samples []string
	for _, s := range services {
		samples = append(samples, n.hosts[s]...)
	}
	for i, suffix := range n.suffixes {
		samples = append(samples, "a."+n.region+"."+suffix, "a."+n.region+".es."+suffix, "s3-"+n.region+"."+suffix, "vpce-0.a."+n.region+".vpce."+suffix)
		if i == 0 {
			samples = append(samples, "a."+suffix)
		} else {
			samples = append(samples, "a.global."+suffix)
		}
	}
	return append(samples, n.signIns()...)
}

// InterfaceEndpoint takes the name of an interface endpoint apart: vpce-ID[-ZONE].SERVICE.REGION.vpce.SUFFIX.
// It returns false for any other name.
func InterfaceEndpoint(host string) (s Service, region string, ok bool) {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	at := slices.Index(labels, "vpce")
	if at < 3 || !strings.HasPrefix(labels[at-3], "vpce-") {
		return "", "", false
	}
	return Service(labels[at-2]), labels[at-1], true
}
