package awsconfig

import (
	"fmt"
	"slices"
	"strings"
)

// Source is where credentials come from.
type Source string

// The sources of credentials.
const (
	// SourceDefault is the SDK's own chain: environment, shared files, web identity, container, instance.
	SourceDefault Source = "default"
	// SourceSSMAgent is the shared credentials file that the SSM Agent keeps on a machine of a hybrid activation.
	SourceSSMAgent Source = "ssm_agent"
	// SourceProfile is a profile of the shared configuration and credentials files.
	SourceProfile Source = "profile"
	// SourceProcess is a command that prints credentials, such as aws_signing_helper.
	SourceProcess Source = "process"
	// SourceWebIdentity is a role assumed with the token of an OpenID Connect issuer.
	SourceWebIdentity Source = "web_identity"
	// SourceContainer is the endpoint that ECS and EKS Pod Identity name in the environment.
	SourceContainer Source = "container"
	// SourceInstance is the instance metadata service of EC2, version 2.
	SourceInstance Source = "instance"
	// SourceStatic is keys in the configuration.
	SourceStatic Source = "static"
)

// Sources are all sources.
var Sources = []Source{
	SourceDefault, SourceSSMAgent, SourceProfile, SourceProcess,
	SourceWebIdentity, SourceContainer, SourceInstance, SourceStatic,
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Source) UnmarshalText(text []byte) error {
	if !slices.Contains(Sources, Source(text)) {
		return fmt.Errorf("credentials source %q is not one of %s", text, joined(Sources))
	}
	*s = Source(text)
	return nil
}

func joined(sources []Source) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
