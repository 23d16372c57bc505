package awspolicy

import (
	"fmt"
	"slices"
	"strings"
)

// Kind says what a feature's policy is attached to.
type Kind string

// The kinds of policies.
const (
	Identity Kind = "identity" // to a role or user: what it may do
	Trust    Kind = "trust"    // to a role: who may take it
	Endpoint Kind = "endpoint" // to an interface endpoint: what may pass
	Key      Kind = "key"      // to a KMS key, beside the statements that it has
)

// Values fill the places of a feature by their names.
type Values map[string]string

// Feature is something that the collector, or what belongs to it, does with AWS.
type Feature struct {
	Name    string
	Kind    Kind
	Summary string
	// Defaults fill places; a place without one has to be filled by whoever uses the policy.
	Defaults Values
	grants   []string
}

// grant is one statement: actions that are needed for one reason, on the same resources.
type grant struct {
	actions   []string
	resources []string
	principal map[string]string
	condition Conditions
	// why is what fails, or is missing, without it.
	why string
}

// Resources. CloudWatch Logs wants :* after the group for all actions but those on tags, and takes a
// group that is not there yet for either (API Reference, LogGroup).
const (
	group     = "arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}"
	stream    = group + ":log-stream:{LOG_STREAM}"
	parameter = "arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{PARAMETER}"
	chunks    = parameter + ".chunk.*" // what config push cuts a large configuration into
	path      = "arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{PATH}"
	key       = "arn:{PARTITION}:kms:{REGION}:{ACCOUNT}:key/{KEY}"
)

// below are a path, which GetParametersByPath is asked for, and what is below it.
var below = []string{path, path + "/*"}

// secure holds a permission on a key to parameters: neither can the key be used for anything else.
var secure = Conditions{
	"StringLike": {"kms:ViaService": "ssm.{REGION}.{DNS_SUFFIX}", "kms:EncryptionContext:PARAMETER_ARN": path + "*"},
}

// own holds a statement of an endpoint to identities of one account.
var own = Conditions{"StringEquals": {"aws:PrincipalAccount": "{ACCOUNT}"}}

var anybody = map[string]string{"AWS": "*"}

// service is a trust policy's principal.
func service(name string) map[string]string { return map[string]string{"Service": name} }

// source holds a service to requests for one account and its resources: it cannot be made to act for others.
func source(arn string) Conditions {
	return Conditions{"StringEquals": {"aws:SourceAccount": "{ACCOUNT}"}, "ArnLike": {"aws:SourceArn": arn}}
}

// What the SSM Agent calls: AmazonSSMManagedInstanceCore, AWS's policy for it, without the reading of parameters, which
// that allows on all there are.
var agentSSM = []string{
	"ssm:DescribeAssociation", "ssm:DescribeDocument", "ssm:GetDeployablePatchSnapshotForInstance", "ssm:GetDocument",
	"ssm:GetManifest", "ssm:ListAssociations", "ssm:ListInstanceAssociations",
	"ssm:PutComplianceItems", "ssm:PutConfigurePackageResult", "ssm:PutInventory", "ssm:UpdateAssociationStatus",
	"ssm:UpdateInstanceAssociationStatus", "ssm:UpdateInstanceInformation",
}

// passedAgent may pass an endpoint: which parameters are read is said by the identity's policy.
var passedAgent = slices.Sorted(slices.Values(append(slices.Clone(agentSSM), "ssm:GetParameter", "ssm:GetParameters")))

var (
	agentChannels = []string{"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}
	agentMessages = []string{"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"}
)

// grants are all statements by their Sid.
var grants = map[string]grant{
	"WriteLogEvents": {
		actions: []string{"logs:PutLogEvents"}, resources: []string{stream},
		why: "every line, and every metric as a line of embedded metric format",
	},
	"CreateLogTargets": {
		actions: []string{"logs:CreateLogGroup", "logs:CreateLogStream"}, resources: []string{group, group + ":*"},
		why: "a group or stream is made when PutLogEvents says that it is missing; create: false needs neither",
	},
	"KeepLogGroups": {
		actions: []string{"logs:PutRetentionPolicy"}, resources: []string{group, group + ":*"},
		why: "log_retention, for groups that are made, and with existing_log_retention for others",
	},
	"LookAtLogGroups": {
		// The service asks for it on log-group::log-stream: of the account, whatever prefix is asked for (seen by others:
		// github.com/hashicorp/terraform-provider-aws/issues/8804).
		actions: []string{"logs:DescribeLogGroups"}, resources: []string{"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:*"},
		why: "whether a group that exists is as log_retention and log_group_class say, once for each, and doctor's call; without it nothing is told",
	},
	"TagLogGroups": {
		actions: []string{"logs:TagResource"}, resources: []string{group, group + ":*"},
		why: "tags of a group, which CreateLogGroup sets",
	},
	"DescribeLogTargets": {
		actions: []string{"logs:DescribeLogStreams"}, resources: []string{group, group + ":*"},
		why: "doctor looks whether a group is there",
	},
	"ReadParameters": {
		actions: []string{"ssm:GetParameters"}, resources: []string{parameter, chunks},
		why: "--config ssm:NAME and ${ssm:NAME}, at the start and to see changes",
	},
	"ReadPath": {
		actions: []string{"ssm:GetParameters", "ssm:GetParametersByPath"}, resources: below,
		why: "--config ssm:/path/, and values below it",
	},
	"StoreParameters": {
		actions: []string{
			"ssm:DeleteParameters", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath",
			"ssm:LabelParameterVersion", "ssm:PutParameter",
		},
		resources: append([]string{path + ".chunk.*"}, below...),
		why:       "config push, pull, list, history, rollback, delete and prune",
	},
	"FindOldChunks": {
		actions: []string{"ssm:DescribeParameters"}, resources: []string{"*"},
		why: "chunks of earlier versions are found by their names; the action knows no resources",
	},
	"DecryptParameters": {
		actions: []string{"kms:Decrypt"}, resources: []string{key}, condition: secure,
		why: "SecureStrings with a key of your own; AWS's key aws/ssm needs no permission",
	},
	"EncryptParameters": {
		actions: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}, resources: []string{key}, condition: secure,
		why: "Encrypt for Standard parameters, GenerateDataKey and Decrypt for Advanced ones",
	},
	"ReadObjects": {
		actions: []string{"s3:GetObject"}, resources: []string{"arn:{PARTITION}:s3:::{OBJECT}"},
		why: "--config s3://… and ${s3:…}",
	},
	"ReadSecrets": {
		actions: []string{"secretsmanager:GetSecretValue"}, resources: []string{"arn:{PARTITION}:secretsmanager:{REGION}:{ACCOUNT}:secret:{SECRET}"},
		why: "${secretsmanager:NAME}; AWS adds a hyphen and six characters to the name",
	},
	"AssumeRoles": {
		actions: []string{"sts:AssumeRole"}, resources: []string{"{ROLE_ARN}"},
		why: "role_arn and assume_role; the role's trust policy has to allow it, too",
	},
	"WriteSegments": {
		actions: []string{"xray:PutTraceSegments"}, resources: []string{"*"},
		why: "awsxray, and OTLP to X-Ray, which is authorized as this; the action knows no resources",
	},
	"WriteTraceTelemetry": {
		actions: []string{"xray:PutTelemetryRecords"}, resources: []string{"*"},
		why: "telemetry of awsxray",
	},
	"ReadSampling": {
		actions: []string{"xray:GetSamplingRules", "xray:GetSamplingTargets"}, resources: []string{"*"},
		why: "SDKs ask for their sampling rules through the collector's proxy",
	},
	"WriteMetricData": {
		actions: []string{"cloudwatch:PutMetricData"}, resources: []string{"*"},
		why: "OTLP to CloudWatch's metrics endpoint; cloudwatch_emf does not need it",
	},
	"RemoteWrite": {
		actions: []string{"aps:RemoteWrite"}, resources: []string{"arn:{PARTITION}:aps:{REGION}:{ACCOUNT}:workspace/{WORKSPACE}"},
		why: "prometheusremotewrite to Amazon Managed Service for Prometheus",
	},
	"ReadInstanceTags": {
		actions: []string{"ec2:DescribeTags"}, resources: []string{"*"},
		why: "tags of resource_detection's ec2, where instance metadata does not have them; the action knows no resources",
	},
	"ReadInstances": {
		actions: []string{"ec2:DescribeInstances"}, resources: []string{"*"},
		why: "the cluster's name of resource_detection's eks; the action knows no resources",
	},
	"ReadNodes": {
		actions: []string{"ec2:DescribeTags", "ec2:DescribeVolumes"}, resources: []string{"*"},
		why: "awscontainerinsightreceiver: the cluster, the Auto Scaling group and the volumes of a node",
	},
	"DiscoverTasks": {
		actions: []string{
			"ec2:DescribeInstances", "ecs:DescribeContainerInstances", "ecs:DescribeServices", "ecs:DescribeTaskDefinition",
			"ecs:DescribeTasks", "ecs:ListServices", "ecs:ListTasks",
		},
		resources: []string{"*"},
		why:       "ecs_observer: tasks to scrape, and where they run",
	},
	"DiscoverInstances": {
		actions: []string{"ec2:DescribeAvailabilityZones", "ec2:DescribeInstances"}, resources: []string{"*"},
		why: "ec2_sd_configs of prometheus",
	},
	"LookAround": {
		actions: []string{"cloudwatch:ListMetrics", "xray:GetSamplingRules"}, resources: []string{"*"},
		why: "doctor's signed calls, which change nothing; without them it says that it could not look. The actions know no resources",
	},
	"LookForParameter": {
		// internal/doctor asks for this name, which nobody has.
		actions: []string{"ssm:GetParameter"}, resources: []string{"arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/AmazonCloudWatch-otelcol-cloudwatch-doctor"},
		why: "doctor's signed call to Parameter Store",
	},
	"ManageNode": {
		actions: slices.Concat(agentSSM, agentChannels, agentMessages), resources: []string{"*"},
		why: "the SSM Agent: associations, commands, Distributor; what AmazonSSMManagedInstanceCore has but for parameters",
	},
	"ReadAgentParameters": {
		actions: []string{"ssm:GetParameter", "ssm:GetParameters"}, resources: below,
		why: "the SSM Agent: {{ssm:NAME}} in documents, for parameters below the path",
	},
	"FetchPackages": {
		actions: []string{"s3:GetObject"}, resources: []string{"arn:{PARTITION}:s3:::aws-ssm-document-attachments-*/*"},
		why: "the SSM Agent: attachments of Distributor's packages",
	},

	"TakenByInstances": {
		actions: []string{"sts:AssumeRole"}, principal: service("ec2.{DNS_SUFFIX}"),
		why: "the role of an EC2 instance",
	},
	"TakenByManagedNodes": {
		actions: []string{"sts:AssumeRole"}, principal: service("ssm.amazonaws.com"),
		condition: source("arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:*"),
		why:       "the role of a hybrid activation",
	},
	"TakenByTasks": {
		actions: []string{"sts:AssumeRole"}, principal: service("ecs-tasks.amazonaws.com"),
		condition: source("arn:{PARTITION}:ecs:{REGION}:{ACCOUNT}:*"),
		why:       "the role of an ECS task",
	},
	"TakenByPods": {
		actions: []string{"sts:AssumeRole", "sts:TagSession"}, principal: service("pods.eks.amazonaws.com"),
		condition: Conditions{"StringEquals": {
			"aws:SourceAccount":                         "{ACCOUNT}",
			"aws:RequestTag/kubernetes-namespace":       "{NAMESPACE}",
			"aws:RequestTag/kubernetes-service-account": "{SERVICE_ACCOUNT}",
		}},
		why: "an EKS pod identity",
	},
	"TakenByServiceAccount": {
		actions:   []string{"sts:AssumeRoleWithWebIdentity"},
		principal: map[string]string{"Federated": "arn:{PARTITION}:iam::{ACCOUNT}:oidc-provider/{OIDC_PROVIDER}"},
		condition: Conditions{"StringEquals": {
			"{OIDC_PROVIDER}:aud": "sts.amazonaws.com",
			"{OIDC_PROVIDER}:sub": "system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}",
		}},
		why: "IRSA, and any Kubernetes cluster whose issuer is registered with IAM",
	},
	"TakenByCertificates": {
		actions: []string{"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}, principal: service("rolesanywhere.amazonaws.com"),
		condition: Conditions{"ArnEquals": {"aws:SourceArn": "{TRUST_ANCHOR_ARN}"}},
		why:       "IAM Roles Anywhere",
	},
	"TakenByPrincipal": {
		actions: []string{"sts:AssumeRole"}, principal: map[string]string{"AWS": "{PRINCIPAL_ARN}"},
		why: "a role that assume_role names, in this account or another",
	},

	"PassLogs": {
		actions: []string{
			"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
			"logs:PutLogEvents", "logs:PutRetentionPolicy", "logs:TagResource",
		},
		resources: []string{group, group + ":*"}, principal: anybody, condition: own,
		why: "logs, and metrics as embedded metric format",
	},
	"PassMetrics": {
		actions: []string{"cloudwatch:ListMetrics", "cloudwatch:PutMetricData"}, resources: []string{"*"}, principal: anybody, condition: own,
		why: "OTLP metrics; doctor",
	},
	"PassTraces": {
		actions:   []string{"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		resources: []string{"*"}, principal: anybody, condition: own,
		why: "traces",
	},
	"PassParameters": {
		actions: []string{
			"ssm:DeleteParameters", "ssm:DescribeParameters", "ssm:GetParameterHistory", "ssm:GetParametersByPath",
			"ssm:LabelParameterVersion", "ssm:PutParameter",
		},
		resources: []string{"*"}, principal: anybody, condition: own,
		why: "configuration in Parameter Store; what may be read there is said by the identity's policy",
	},
	"PassAgent": {
		actions: passedAgent, resources: []string{"*"}, principal: anybody, condition: own,
		why: "the SSM Agent",
	},
	"PassRegistration": {
		actions: []string{"ssm:RegisterManagedInstance"}, resources: []string{"*"}, principal: anybody,
		why: "a hybrid activation is registered before the machine is anybody in the account",
	},
	"PassChannels": {
		actions: agentChannels, resources: []string{"*"}, principal: anybody, condition: own,
		why: "the SSM Agent: Session Manager and commands",
	},
	"PassMessages": {
		actions: agentMessages, resources: []string{"*"}, principal: anybody, condition: own,
		why: "the SSM Agent: commands, where ssmmessages is not used for them",
	},
	"PassRoles": {
		actions: []string{"sts:AssumeRole", "sts:GetCallerIdentity"}, resources: []string{"*"}, principal: anybody, condition: own,
		why: "roles, and doctor's question who it is",
	},
	"PassWebIdentities": {
		actions: []string{"sts:AssumeRoleWithWebIdentity"}, resources: []string{"arn:{PARTITION}:iam::{ACCOUNT}:role/*"}, principal: anybody,
		why: "a token's bearer is nobody in the account yet; only its roles can be taken",
	},
	"PassKeys": {
		actions: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}, resources: []string{"arn:{PARTITION}:kms:{REGION}:{ACCOUNT}:key/*"}, principal: anybody, condition: own,
		why: "direct calls to KMS; SecureStrings are decrypted by Parameter Store, which does not come this way",
	},

	"LetLogsUseTheKey": {
		actions:   []string{"kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
		resources: []string{"*"}, principal: service("logs.{REGION}.{DNS_SUFFIX}"),
		condition: Conditions{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
		why:       "kms_key_id: CloudWatch Logs encrypts with the key, and CreateLogGroup fails where it may not",
	},
}

// Defaults of places.
var (
	someGroup    = Values{"LOG_GROUP": "/otelcol-cloudwatch/*", "LOG_STREAM": "*"}
	metricsGroup = Values{"LOG_GROUP": "/otelcol-cloudwatch/metrics", "LOG_STREAM": "*"}
	somePath     = Values{"PATH": "otelcol-cloudwatch"}
	someKey      = Values{"PATH": "otelcol-cloudwatch", "KEY": "*"}
)

// Features are all, in the order in which a reader meets them.
var Features = []Feature{
	{"logs", Identity, "write log lines to groups and streams that exist", someGroup, []string{"WriteLogEvents"}},
	{"metrics", Identity, "write metrics, as embedded metric format in a log group", metricsGroup, []string{"WriteLogEvents"}},
	{"log_creation", Identity, "make groups and streams that are missing", someGroup, []string{"CreateLogTargets"}},
	{"log_retention", Identity, "log_retention of groups that are made, or changed by existing_log_retention", someGroup, []string{"KeepLogGroups"}},
	{"log_look", Identity, "tell where a group that exists has another retention or class", nil, []string{"LookAtLogGroups"}},
	{"log_tags", Identity, "tags of groups that are made", someGroup, []string{"TagLogGroups"}},
	{"config_read", Identity, "configuration from a path of Parameter Store, and values below it", somePath, []string{"ReadPath"}},
	{"config_read_one", Identity, "a configuration or a value from one parameter", Values{"PARAMETER": "otelcol-cloudwatch/base"}, []string{"ReadParameters"}},
	{"config_read_secure", Identity, "the same from SecureStrings with a key of your own", someKey, []string{"DecryptParameters"}},
	{"config_push", Identity, "config push, pull, list, history, rollback, delete and prune", somePath, []string{"StoreParameters", "FindOldChunks"}},
	{"config_push_secure", Identity, "the same as SecureStrings with a key of your own", someKey, []string{"EncryptParameters"}},
	{"config_s3", Identity, "configuration from S3", nil, []string{"ReadObjects"}},
	{"config_secrets", Identity, "values from Secrets Manager", nil, []string{"ReadSecrets"}},
	{"assume_role", Identity, "take another role", nil, []string{"AssumeRoles"}},
	{"traces", Identity, "send traces to X-Ray, as segments or OTLP", nil, []string{"WriteSegments"}},
	{"trace_telemetry", Identity, "telemetry of awsxray", nil, []string{"WriteTraceTelemetry"}},
	{"trace_sampling", Identity, "sampling rules for SDKs, through awsproxy or awsxrayreceiver", nil, []string{"ReadSampling"}},
	{"otlp_metrics", Identity, "send metrics to CloudWatch's OTLP endpoint", nil, []string{"WriteMetricData"}},
	{"remote_write", Identity, "send metrics to Amazon Managed Service for Prometheus", Values{"WORKSPACE": "*"}, []string{"RemoteWrite"}},
	{"ec2_tags", Identity, "tags of the EC2 instance as resource attributes", nil, []string{"ReadInstanceTags"}},
	{"eks_cluster", Identity, "the name of the EKS cluster as a resource attribute", nil, []string{"ReadInstances"}},
	{"container_insights", Identity, "awscontainerinsightreceiver on Kubernetes nodes", nil, []string{"ReadNodes"}},
	{"ecs_discovery", Identity, "ecs_observer", nil, []string{"DiscoverTasks"}},
	{"ec2_discovery", Identity, "ec2_sd_configs of the receiver prometheus", nil, []string{"DiscoverInstances"}},
	{"doctor", Identity, "doctor looks at more; it works without", someGroup, []string{"LookAtLogGroups", "DescribeLogTargets", "LookAround", "LookForParameter"}},
	{"managed_node", Identity, "the SSM Agent on the same machine", somePath, []string{"ManageNode", "ReadAgentParameters", "FetchPackages"}},

	{"trust_ec2", Trust, "the role is taken by EC2 instances", nil, []string{"TakenByInstances"}},
	{"trust_hybrid_activation", Trust, "the role is taken by machines with an SSM hybrid activation", nil, []string{"TakenByManagedNodes"}},
	{"trust_ecs_task", Trust, "the role is taken by ECS tasks", nil, []string{"TakenByTasks"}},
	{"trust_pod_identity", Trust, "the role is taken by pods with an EKS pod identity", serviceAccount, []string{"TakenByPods"}},
	{"trust_irsa", Trust, "the role is taken by pods with a service account's token (IRSA, any OIDC issuer)", serviceAccount, []string{"TakenByServiceAccount"}},
	{"trust_roles_anywhere", Trust, "the role is taken by holders of a certificate", nil, []string{"TakenByCertificates"}},
	{"trust_role", Trust, "the role is taken by another role", nil, []string{"TakenByPrincipal"}},

	{"endpoint_logs", Endpoint, "interface endpoint logs", Values{"LOG_GROUP": "*"}, []string{"PassLogs"}},
	{"endpoint_monitoring", Endpoint, "interface endpoint monitoring", nil, []string{"PassMetrics"}},
	{"endpoint_ssm", Endpoint, "interface endpoint ssm", nil, []string{"PassParameters", "PassAgent", "PassRegistration"}},
	{"endpoint_ssmmessages", Endpoint, "interface endpoint ssmmessages", nil, []string{"PassChannels"}},
	{"endpoint_ec2messages", Endpoint, "interface endpoint ec2messages", nil, []string{"PassMessages"}},
	{"endpoint_sts", Endpoint, "interface endpoint sts", nil, []string{"PassRoles", "PassWebIdentities"}},
	{"endpoint_xray", Endpoint, "interface endpoint xray", nil, []string{"PassTraces"}},
	{"endpoint_kms", Endpoint, "interface endpoint kms", nil, []string{"PassKeys"}},

	{"key_logs", Key, "kms_key_id: what the key's own policy needs", someGroup, []string{"LetLogsUseTheKey"}},
}

var serviceAccount = Values{"NAMESPACE": "otelcol-cloudwatch", "SERVICE_ACCOUNT": "otelcol-cloudwatch"}

// Named is the feature of that name.
func Named(name string) (Feature, error) {
	for _, f := range Features {
		if f.Name == name {
			return f, nil
		}
	}
	return Feature{}, fmt.Errorf("%q is no feature; policy --list has them all", name)
}

// Reasons are the statements of a feature by their Sid, and why each is needed.
func (f Feature) Reasons() map[string]string {
	reasons := map[string]string{}
	for _, sid := range f.grants {
		reasons[sid] = grants[sid].why
	}
	return reasons
}

// fill puts values into the places of a text. What has no value stays a place.
func fill(text string, values ...Values) string {
	for _, v := range values {
		for name, value := range v {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
	}
	return text
}
