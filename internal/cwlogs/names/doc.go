// Package names makes names of log groups and log streams from templates, such as
// /fleet/{resource:service.namespace|"default"}/{ServiceName}.
//
//	text ─▶ Parse ─▶ Template ─▶ Bind (host facts, environment) ─▶ Namer ─▶ Name(resource, scope, record, time)
//	          │ mistakes              once, when starting             │ remembers         │ what CloudWatch accepts
//
// # Templates
//
// A template is text with placeholders in braces. A placeholder is one or more sources, separated by |, of
// which the first that is defined and not empty is used; where none is, the name has the word for what is
// undefined in that place. Spaces around sources do not matter.
//
//	{resource:KEY}   an attribute of the resource
//	{scope:name}     the scope's name; {scope:version} its version; {scope:KEY} any other attribute of it
//	{record:KEY}     an attribute of the record
//	{host:FACT}      a fact of this host, looked up once
//	{env:NAME}       an environment variable, looked up once
//	{date}           the day of the event, YYYY-MM-DD, in UTC
//	{date:FORMAT}    the time of the event: %Y %y %m %d %j %b %G %V %u %H %M %% as strftime has them, in UTC
//	{"text"}         text, after which nothing else can follow; {"{"} is a brace
//
// A KEY with one of | } " in it, or with spaces at its ends, is written in quotes: {resource:"a|b"}. In
// quotes \" is a quote and \\ a backslash. Text, numbers and booleans are used as they are; lists and maps as
// JSON.
//
// The placeholders of upstream's awscloudwatchlogs mean what they mean there. Each looks for a resource
// attribute with its own name, then for the one in the table, and is "undefined" without:
//
//	{ClusterName} aws.ecs.cluster.name          {TaskDefinitionFamily} aws.ecs.task.family
//	{TaskId} aws.ecs.task.id                    {InstanceId} service.instance.id
//	{NodeName} k8s.node.name                    {FaasName} faas.name
//	{PodName} pod                               {FaasVersion} faas.version
//	{ServiceName} service.name                  {ContainerInstanceId} aws.ecs.container.instance.id
//
// Those of the CloudWatch agent are facts of this host: {instance_id}, {hostname}, {local_hostname},
// {ip_address}, {aws_region}, {account_id}, and {date} above.
//
// # What values can choose
//
// What stands in attributes is chosen by whoever writes or sends. A slash in it becomes _, so that a value stays in the
// place that the template has for it; log.file.path keeps its slashes in the name of a stream. Where Patterns bound the
// whole name instead, slashes stay (Host.Slashes). A value that makes the name too long is cut, and not what follows it.
//
// # What CloudWatch accepts
//
// A character that CloudWatch takes in no such name is a mistake where it stands in the template, and
// becomes _ where a value brings it. Where a name is longer than 512 bytes its values are cut at a character, and end with a
// hash of the whole, so that different names stay different.
package names
