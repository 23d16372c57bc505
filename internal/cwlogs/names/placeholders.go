package names

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// attributes are the placeholders of awscloudwatchlogs, with the resource attribute that each reads when
// there is none of its own name (contrib v0.156, exporter/awscloudwatchlogsexporter/util.go).
var attributes = map[string]string{
	"ClusterName":          "aws.ecs.cluster.name",
	"ContainerInstanceId":  "aws.ecs.container.instance.id",
	"FaasName":             "faas.name",
	"FaasVersion":          "faas.version",
	"InstanceId":           "service.instance.id",
	"NodeName":             "k8s.node.name",
	"PodName":              "pod",
	"ServiceName":          "service.name",
	"TaskDefinitionFamily": "aws.ecs.task.family",
	"TaskId":               "aws.ecs.task.id",
}

// hostNames are the placeholders of the CloudWatch agent, with the fact that each is. The agent takes the
// host name of EC2's metadata or the operating system; on an instance these are the same.
var hostNames = map[string]string{
	"account_id":     "account_id",
	"aws_region":     "region",
	"hostname":       "fqdn",
	"instance_id":    "instance_id",
	"ip_address":     "ip",
	"local_hostname": "fqdn",
}

// prefixes are the sources that are written with a key.
var prefixes = map[string]origin{
	"resource": fromResource,
	"scope":    fromScope,
	"record":   fromRecord,
	"host":     fromFact,
	"env":      fromEnvironment,
	"date":     fromDate,
}

// defaultDate is the format of {date}, the CloudWatch agent's.
const defaultDate = "%Y-%m-%d"

// Placeholders are all placeholders, as errors and documentation name them.
func Placeholders() []string {
	known := []string{"{resource:KEY}", "{scope:name}", "{scope:version}", "{scope:KEY}", "{record:KEY}", "{host:FACT}", "{env:NAME}", "{date}", "{date:FORMAT}", `{"text"}`}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		known = append(known, "{"+name+"}")
	}
	for _, name := range slices.Sorted(maps.Keys(hostNames)) {
		known = append(known, "{"+name+"}")
	}
	return known
}

// named are the sources of a placeholder without a key; nil where there is none of that name.
func named(name string) []source {
	if attribute, ok := attributes[name]; ok {
		return []source{{fromResource, name}, {fromResource, attribute}}
	}
	if fact, ok := hostNames[name]; ok {
		return []source{{fromFact, fact}}
	}
	if name == "date" {
		return []source{{fromDate, defaultDate}}
	}
	return nil
}

// instead is what to write instead of a name that is no placeholder.
func instead(name string) string {
	if strings.Contains(name, ".") {
		return fmt.Sprintf("write {resource:%s} for the resource's attribute of that name", name)
	}
	for _, known := range slices.Concat(slices.Sorted(maps.Keys(attributes)), slices.Sorted(maps.Keys(hostNames)), []string{"date"}) {
		if strings.EqualFold(plain(known), plain(name)) {
			return fmt.Sprintf("did you mean {%s}?", known)
		}
	}
	return "for a resource's attribute of that name write {resource:" + name + "}"
}

func plain(name string) string { return strings.NewReplacer("_", "", "-", "", " ", "").Replace(name) }
