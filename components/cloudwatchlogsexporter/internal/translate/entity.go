package translate

import (
	"cmp"
	"maps"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
)

// maxEntityValue is how many characters a value of an entity may have (CloudWatch Logs API Reference, Entity).
const maxEntityValue = 512

// unknownService is what SDKs call a service that nobody named.
const unknownService = "unknown_service"

// entityOf is the service that a resource belongs to, named as Application Signals and the CloudWatch agent
// name it; nil where service or environment is not known.
func entityOf(resource pcommon.Map) *cwlogs.Entity {
	text := func(key string) string {
		v, ok := resource.Get(key)
		if !ok || v.Type() != pcommon.ValueTypeStr || utf8.RuneCountInString(v.Str()) > maxEntityValue {
			return ""
		}
		return v.Str()
	}
	service := text("service.name")
	if service == "" || strings.HasPrefix(service, unknownService) {
		return nil
	}
	cluster, namespace, platform := text("k8s.cluster.name"), text("k8s.namespace.name"), text("cloud.platform")
	group := text("aws.ec2.autoscaling.group.name") // a tag of the instance, as resource detection can add it
	if group == "" {
		group = text("ec2.tag.aws:autoscaling:groupName")
	}
	environment := cmp.Or(text("deployment.environment.name"), text("deployment.environment"))
	attributes := map[string]string{"AWS.ServiceNameSource": "Instrumentation"}
	switch {
	case cluster != "" && namespace != "":
		kind := "k8s"
		attributes["PlatformType"], attributes["K8s.Cluster"] = "K8s", cluster
		if platform == "aws_eks" {
			kind = "eks"
			delete(attributes, "K8s.Cluster")
			attributes["PlatformType"], attributes["EKS.Cluster"] = "AWS::EKS", cluster
		}
		environment = cmp.Or(environment, kind+":"+cluster+"/"+namespace)
		attributes["K8s.Namespace"] = namespace
		attributes["K8s.Workload"] = cmp.Or(text("k8s.deployment.name"), text("k8s.daemonset.name"), text("k8s.statefulset.name"), text("k8s.cronjob.name"), text("k8s.job.name"))
		attributes["K8s.Node"] = text("k8s.node.name")
		attributes["EC2.InstanceId"] = instance(platform, text)
	case platform == "aws_ec2":
		environment = cmp.Or(environment, "ec2:"+cmp.Or(group, "default"))
		attributes["PlatformType"] = "AWS::EC2"
		attributes["EC2.InstanceId"] = text("host.id")
		attributes["EC2.AutoScalingGroup"] = group
	default:
		attributes["PlatformType"] = "Generic"
		attributes["Host"] = text("host.name")
	}
	if environment == "" || utf8.RuneCountInString(environment) > maxEntityValue {
		return nil
	}
	maps.DeleteFunc(attributes, func(_, value string) bool { return value == "" })
	return &cwlogs.Entity{
		KeyAttributes: map[string]string{"Type": "Service", "Name": service, "Environment": environment},
		Attributes:    attributes,
	}
}

// instance is the EC2 instance of an EKS node.
func instance(platform string, text func(string) string) string {
	if id := text("host.id"); platform == "aws_eks" && strings.HasPrefix(id, "i-") {
		return id
	}
	return ""
}

// maxSearched is among how many entities an equal one is looked for. More of them only cost requests.
const maxSearched = 64

// intern gives equal entities of a batch one address.
func (b *Batch) intern(e *cwlogs.Entity) *cwlogs.Entity {
	if e == nil {
		return nil
	}
	for _, k := range b.known[max(0, len(b.known)-maxSearched):] {
		if maps.Equal(k.KeyAttributes, e.KeyAttributes) && maps.Equal(k.Attributes, e.Attributes) {
			return k
		}
	}
	b.known = append(b.known, e)
	return e
}
