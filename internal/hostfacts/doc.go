// Package hostfacts finds what this host is: its name and addresses, and what EC2, ECS, Kubernetes and
// the SSM Agent say about it. The confmap provider of the scheme host puts these facts into any value of a
// configuration: ${host:name}, or ${host:instance_id:-unknown} with a default.
//
//	operating system, environment, files ──┐
//	firmware ──▶ may EC2 be asked? ──┐     ├──▶ Finder ──▶ provider "host" ──▶ ${host:…}
//	EC2 metadata, ECS metadata ◀─────┴─────┘   (remembers) └─▶ init's defaults
//	            └──▶ doctor
//
// The facts, each with where it is looked for. The first that has it wins.
//
//	name                 the operating system's host name, up to the first dot
//	fqdn                 the same with its domain, where the operating system knows it without the network;
//	                     the name where it does not
//	ip                   the IPv4 address that the default route leaves from; the first address of an
//	                     interface otherwise, IPv4 before IPv6
//	ipv6                 the IPv6 address, in the same way
//	region               AWS_REGION, AWS_DEFAULT_REGION, the ECS task, the EC2 instance, the SSM Agent's
//	                     registration
//	account_id           AWS_ACCOUNT_ID, the ECS task, the EC2 instance
//	availability_zone    the ECS task, the EC2 instance
//	instance_id          the EC2 instance, the SSM Agent's registration (mi-…)
//	instance_type        the EC2 instance
//	image_id             the EC2 instance
//	managed_instance_id  the SSM Agent's registration (mi-…)
//	ecs_cluster          the ECS task: the cluster's name
//	ecs_task_arn         the ECS task
//	ecs_task_id          the ECS task
//	pod_name             K8S_POD_NAME, POD_NAME
//	pod_namespace        K8S_NAMESPACE, K8S_POD_NAMESPACE, POD_NAMESPACE, the service account's folder
//	node_name            K8S_NODE_NAME, NODE_NAME
//	machine_id           /etc/machine-id, /var/lib/dbus/machine-id; on Windows MachineGuid
//	os                   linux, windows, darwin
//	arch                 amd64, arm64
//
// instance_id is the managed node's id on premises, as CloudWatch agent configurations that are moved here
// expect of {instance_id}. account_id is not asked of STS: a start must not depend on credentials.
//
// # What it costs
//
// Facts of the operating system, the environment and files cost nothing. The others ask the metadata
// services of EC2 and ECS, both at once and once for the process, for at most
// OTELCOL_CLOUDWATCH_HOST_FACTS_TIMEOUT (2 s unless set, 1 m at most; 0 switches them off). What they did
// not say is asked again after 5 seconds, then after twice as long each time up to 5 minutes, for as long as a default
// stands for it; when it is known, that is a change of the configuration. EC2's is not
// asked where AWS_EC2_METADATA_DISABLED is true, on Fargate, on another cloud, and on a machine with a
// hybrid activation whose firmware is not EC2's. AWS_EC2_METADATA_SERVICE_ENDPOINT leads elsewhere. No
// question takes a proxy.
package hostfacts
