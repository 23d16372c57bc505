package guide

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Way is a way to AWS: one of the recipes in config/routes.
type Way string

// The ways, by the names of their recipes.
const (
	Internet      Way = "internet"
	VPCPrivateDNS Way = "vpc-private-dns"
	PrivateVIF    Way = "private-vif"
	PublicVIF     Way = "public-vif"
	HTTPProxy     Way = "http-proxy"
	Failover      Way = "failover"
)

// Identity is where credentials come from: a source of internal/awsconfig.
type Identity string

// The identities.
const (
	DefaultChain Identity = "default"
	SSMAgent     Identity = "ssm_agent"
	Profile      Identity = "profile"
	Process      Identity = "process"
	WebIdentity  Identity = "web_identity"
	Container    Identity = "container"
	Instance     Identity = "instance"
	Static       Identity = "static"
)

// Answers are what an operator wants. A text may hold placeholders such as ${env:NAME}.
type Answers struct {
	// OS is that of the host that the configuration is for: windows, or any other for the Linux recipe.
	OS string
	// Metrics and Logs say what is collected. At least one.
	Metrics, Logs bool
	// LogFiles are files and patterns; EventLogs channels of Windows. With Logs, at least one of both.
	LogFiles, EventLogs []string
	// Namespace, LogGroup and MetricsLogGroup are where it arrives.
	Namespace, LogGroup, MetricsLogGroup string

	// Region is that of the log groups and of every endpoint.
	Region string
	// Way is how AWS is reached; Ways are those of Failover, in their order.
	Way  Way
	Ways []Way
	// Endpoints are the interface endpoints of PrivateVIF by service: logs is needed, sts and ssm may be.
	Endpoints map[string][]string
	// Source is PublicVIF's interface or address; AllowedCIDRs are the only addresses to dial there.
	Source       string
	AllowedCIDRs []string
	// ProxyURL is HTTPProxy's, without a user name and a password.
	ProxyURL string

	// Identity is who calls; the next four belong to one of them each.
	Identity              Identity
	Profile               string
	CredentialsFile       string
	Process               string
	TokenFile, WebRoleARN string
	AssumeRole            []string // roles on top, each with the one before
	ExternalID            string   // of the last of them
}

// uses says whether a way is taken, alone or in a failover.
func (a *Answers) uses(w Way) bool {
	return a.Way == w || a.Way == Failover && slices.Contains(a.Ways, w)
}

// serves says whether the credentials reach the exporters by the endpoint on loopback.
func (a *Answers) serves() bool {
	return a.Identity != DefaultChain && a.Identity != Container
}

// callsSTS says whether a role is assumed.
func (a *Answers) callsSTS() bool { return a.Identity == WebIdentity || len(a.AssumeRole) > 0 }

func (a *Answers) windows() bool { return a.OS == "windows" }

// tokenFile is where the credentials endpoint writes its token.
func (a *Answers) tokenFile() string {
	if a.windows() {
		return "C:/ProgramData/otelcol-cloudwatch/state/token"
	}
	return "/run/otelcol-cloudwatch/token"
}

// nothing is the file that is always empty.
func (a *Answers) nothing() string {
	if a.windows() {
		return "NUL"
	}
	return "/dev/null"
}

// check says what does not go together. Single answers have been checked when they were given.
func (a *Answers) check() error {
	var errs []error
	if !a.Metrics && !a.Logs {
		errs = append(errs, errors.New("neither metrics nor logs are collected: name at least one with --collect"))
	}
	if a.Logs && len(a.LogFiles) == 0 && len(a.EventLogs) == 0 {
		errs = append(errs, errors.New("logs are collected, and no file and no event log is named: give --log-files, or leave logs out of --collect"))
	}
	if len(a.AssumeRole) > 0 && !a.serves() {
		errs = append(errs, fmt.Errorf("--assume-role needs credentials that the collector fetches itself, and --credentials is %q: choose one of %s",
			a.Identity, strings.Join([]string{string(SSMAgent), string(Profile), string(Process), string(WebIdentity), string(Instance), string(Static)}, ", ")))
	}
	if a.ExternalID != "" && len(a.AssumeRole) == 0 {
		errs = append(errs, fmt.Errorf("--external-id %q belongs to a role: give --assume-role", a.ExternalID))
	}
	if a.Way == PrivateVIF && a.callsSTS() && len(a.Endpoints["sts"]) == 0 {
		errs = append(errs, errors.New("a role is assumed by STS, and the only way has no interface endpoint for it: give --endpoint-sts"))
	}
	return errors.Join(errs...)
}
