package metrics

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/agentjson"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/layer"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwagent/section"
)

// logGroup is where documents are, for a day.
const logGroup = "/otelcol-cloudwatch/metrics"

// Shared makes section.MetricsExporter and section.MetricsDimensions, which all pipelines of the section have, those of
// other packages too.
func Shared(c *section.Context) {
	root := c.Root.Get("metrics")
	if !root.There() {
		return
	}
	v := &converter{Context: c, root: root, layer: c.Layer(section.Metrics)}
	v.exporter()
	v.workspace()
	v.tags()
	v.dimensions()
}

func (v *converter) exporter() {
	set := func(value any, key ...string) {
		v.layer.Set(value, append([]string{"exporters", section.MetricsExporter}, key...)...)
	}
	v.Exporter(v.layer, "metrics", section.MetricsExporter)
	namespace := "CWAgent"
	if n := v.root.Get("namespace"); n.There() {
		namespace = layer.Expand(n.Text())
	}
	set(namespace, "namespace")
	set(logGroup, "log_group_name")
	set(1, "log_retention")
	set("", "scope_dimension")
	if sets := v.root.Get("aggregation_dimensions"); sets.There() {
		all := [][]string{}
		for _, one := range sets.Items() {
			names := []string{}
			for _, name := range one.Texts() {
				names = append(names, layer.Expand(name))
			}
			all = append(all, names)
		}
		set(all, "aggregation_dimensions")
	}
	if dropped := v.dropped(); len(dropped) > 0 {
		set(dropped, "drop_original_metrics")
	}
	set(section.StateStorage, "sending_queue", "storage")
	if n := v.root.Get("force_flush_interval"); n.There() {
		set(seconds(n.Int()), "sending_queue", "batch", "flush_timeout")
	}
}

// settings reports what Shared and the exporter make of the section's own keys.
func (v *converter) settings() {
	exporter := v.at("exporters", section.MetricsExporter)
	v.converted(v.root, exporter+"::namespace", "namespace")
	v.converted(v.root, exporter+"::aggregation_dimensions", "aggregation_dimensions")
	v.converted(v.root, exporter+"::sending_queue::batch::flush_timeout", "force_flush_interval")
	v.converted(v.root, exporter+"::role_arn", "credentials")
	if n := v.root.Get("endpoint_override"); n.There() {
		v.Report.Different(n.Path(), "", "it is an endpoint of monitoring, which is not used any more: metrics go to CloudWatch Logs",
			"open the way to the endpoint of logs in the same network; where it has a name of its own, set exporters::"+section.MetricsExporter+"::endpoint")
	}
	for _, key := range []string{"service.name", "deployment.environment"} {
		if n := v.root.Get(key); n.There() {
			v.Report.Different(n.Path(), "", "it names the entity that CloudWatch shows beside a metric; metrics are sent without one, and keep their dimensions", "")
		}
	}
	destinations := v.root.Get("metrics_destinations")
	v.converted(destinations, exporter, "cloudwatch")
	v.prometheus(destinations.Get("amp"))
	v.reportDimensions()
}

// dropped are the names, as they are sent, of metrics that are to be aggregated alone.
func (v *converter) dropped() []string {
	var names []string
	add := func(name string) {
		if name = layer.Literal(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	separator := "_"
	if v.OS == "windows" {
		separator = " "
	}
	plugins := v.root.Get("metrics_collected")
	for _, plugin := range plugins.Keys() {
		n := plugins.Get(plugin)
		if !n.IsObject() || !n.Get("measurement").There() {
			continue // the agent drops nothing of plugins without a list of measurements
		}
		full := func(name string) string {
			if strings.Contains(name, plugin) {
				return name
			}
			return plugin + separator + name
		}
		for _, drop := range n.Get("drop_original_metrics").Texts() {
			all := drop == "*"
			if !all {
				drop = full(drop)
			}
			found := false
			for _, item := range n.Get("measurement").Items() {
				switch {
				case item.IsObject():
					// The agent looks for the measurement's name in the one that is to be dropped.
					name := full(item.Get("name").Text())
					if !all && !strings.Contains(drop, name) {
						continue
					}
					found = true
					if rename := item.Get("rename"); rename.There() {
						name = rename.Text()
					}
					add(name)
				case all:
					add(full(item.Text()))
				}
			}
			if !found && !all {
				add(drop)
			}
		}
	}
	return names
}

// instance are what append_dimensions can add of the instance, and the attribute of the resource that has it.
var instance = map[string]string{
	"ImageId": "host.image.id", "InstanceId": "host.id", "InstanceType": "host.type", "AutoScalingGroupName": groupTag,
}

// groupTag is the attribute of the tag that has the group's name.
const groupTag = "ec2.tag.aws:autoscaling:groupName"

// ofInstance are the keys of append_dimensions that the agent takes, which are those with their own values.
func (v *converter) ofInstance() []string {
	var keys []string
	n := v.root.Get("append_dimensions")
	for _, key := range n.Keys() {
		if instance[key] != "" && n.Get(key).Text() == "${aws:"+key+"}" {
			keys = append(keys, key)
		}
	}
	return keys
}

// fromInstance is the statement that adds a dimension from what is known of the instance.
func (v *converter) fromInstance(dimension, attribute, where string) string {
	v.Detect("ec2")
	condition := fmt.Sprintf("resource.attributes[%s] != nil", quoted(attribute))
	if attribute == "host.id" {
		condition = `resource.attributes["cloud.platform"] == "aws_ec2"`
	}
	return fmt.Sprintf("set(datapoint.attributes[%s], resource.attributes[%s]) where %s%s", quoted(dimension), quoted(attribute), where, condition)
}

// tags asks for the tags of the instance that any dimension is made of.
func (v *converter) tags() {
	var tags []string
	var look func(agentjson.Node)
	look = func(n agentjson.Node) {
		if n.IsObject() {
			for _, key := range n.Keys() {
				look(n.Get(key))
			}
			return
		}
		if _, isList := n.Value().([]any); isList {
			for _, item := range n.Items() {
				look(item)
			}
			return
		}
		key, ok := strings.CutPrefix(n.Text(), "${aws:")
		if key, closed := strings.CutSuffix(key, "}"); ok && closed && strings.Contains(n.Path(), "/append_dimensions/") && key != "VolumeId" {
			if tag, ok := strings.CutPrefix(ofResource(key), "ec2.tag."); ok {
				tags = append(tags, "^"+layer.Literal(regexp.QuoteMeta(tag))+"$$")
			}
		}
	}
	look(v.root)
	if len(tags) == 0 {
		return
	}
	slices.Sort(tags)
	ec2 := []string{"processors", section.ResourceDetection, "ec2"}
	v.layer.Set(slices.Compact(tags), append(ec2, "tags")...)
	// The agent asks the API too, so that its role has the permission.
	v.layer.Set("${env:OTELCOL_CLOUDWATCH_TAGS_FROM_IMDS:-false}", append(ec2, "tags_from_imds")...)
	v.layer.Comment("false asks the EC2 API, as the agent does, with ec2:DescribeTags. true asks the metadata service, which needs no\npermission, but \"instance metadata tags\" allowed.", append(ec2, "tags_from_imds")...)
}

// ofResource is the attribute of the resource that has what ${aws:KEY} stands for: a property of the instance, or a tag.
func ofResource(key string) string {
	if attribute := instance[key]; attribute != "" {
		return attribute
	}
	return "ec2.tag." + key
}

// dimensions makes the last processor of all pipelines.
func (v *converter) dimensions() {
	var texts []string
	host := `set(datapoint.attributes["host"], resource.attributes["host.name"]) where datapoint.attributes["host"] == nil`
	if v.Root.Get("agent", "omit_hostname").Bool() {
		host = ""
	}
	if v.root.Get("append_dimensions").There() {
		texts = append(texts, `delete_key(datapoint.attributes, "host")`)
		keys := v.ofInstance()
		for _, key := range keys {
			texts = append(texts, v.fromInstance(key, instance[key], ""))
		}
		if len(keys) == 0 {
			host = ""
		} else if host != "" {
			host = `set(datapoint.attributes["host"], resource.attributes["host.name"]) where resource.attributes["cloud.platform"] != "aws_ec2"`
		}
	}
	if host != "" {
		texts = append(texts, host)
	}
	v.layer.Set("propagate", "processors", section.MetricsDimensions, "error_mode")
	v.layer.Set([]string{}, "processors", section.MetricsDimensions, "metric_statements")
	if len(texts) > 0 {
		v.layer.Set(sequence(statements("datapoint", texts)), "processors", section.MetricsDimensions, "metric_statements")
	}
}

func (v *converter) reportDimensions() {
	n := v.root.Get("append_dimensions")
	if !n.There() {
		return
	}
	to := v.at("processors", section.MetricsDimensions)
	keys := v.ofInstance()
	told := false
	for _, key := range n.Keys() {
		switch {
		case !slices.Contains(keys, key):
			v.Report.Different(n.Get(key).Path(), "", "as with the agent, no such dimension is added, and host is left out nevertheless: the agent takes ImageId, InstanceId, InstanceType and AutoScalingGroupName, each with its own value such as ${aws:InstanceId}", "put fixed values into append_dimensions of a plugin")
		case key == "AutoScalingGroupName":
			v.Report.Different(n.Get(key).Path(), to, "the tag is read once, at the start, with ec2:DescribeTags; where it cannot be read the dimension is missing", "allow ec2:DescribeTags; or set OTELCOL_CLOUDWATCH_TAGS_FROM_IMDS=true and allow instance metadata tags for the instance")
		case told:
			v.Report.Converted(n.Get(key).Path(), to)
		default:
			told = true
			v.Report.Different(n.Get(key).Path(), to, "where there is no metadata service of EC2 the agent does not start; here the dimension is host there", "")
		}
	}
	if len(n.Keys()) == 0 {
		v.Report.Converted(n.Path(), to)
	}
}

// appended are a plugin's own append_dimensions: statements that add what is known of the instance to data points for which
// the condition holds, which ends in " and " where there is one, and dimensions with fixed values.
func (v *converter) appended(plugin agentjson.Node, where, to string) (texts []string, fixed map[string]string) {
	fixed = map[string]string{}
	n := plugin.Get("append_dimensions")
	for _, key := range n.Keys() {
		value := n.Get(key).Text()
		switch tag, ok := strings.CutPrefix(value, "${aws:"); {
		case key == "VolumeId" && value == "${aws:VolumeId}":
			v.Report.Lost(n.Get(key).Path(), "nothing here knows the EBS volume of a device: the metrics are sent without the dimension VolumeId", "use the metrics of the namespace AWS/EBS, which have it; make alarms of disk metrics anew, without it")
		case slices.Contains([]string{"VolumeId", "aws:StorageResolution", "aws:AggregationInterval"}, key):
			v.Report.Different(n.Get(key).Path(), "", "the agent adds no such dimension either", "")
		case ok && strings.HasSuffix(tag, "}"):
			texts = append(texts, v.fromInstance(key, ofResource(strings.TrimSuffix(tag, "}")), where))
			v.Report.Converted(n.Get(key).Path(), to)
		default:
			fixed[key] = value
			v.Report.Converted(n.Get(key).Path(), to)
		}
	}
	if n.There() && len(n.Keys()) == 0 {
		v.Report.Converted(n.Path(), to)
	}
	return texts, fixed
}

// fixedDimensions are the statements that add dimensions with fixed values. A plugin's own dimensions stay.
func fixedDimensions(fixed map[string]string, where string) []string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(fixed)) {
		texts = append(texts, fmt.Sprintf("set(datapoint.attributes[%[1]s], %[2]s) where %[3]sdatapoint.attributes[%[1]s] == nil", quoted(key), quoted(fixed[key]), where))
	}
	return texts
}
