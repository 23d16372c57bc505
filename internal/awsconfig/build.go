package awsconfig

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"go.uber.org/zap"
)

// product names sessions that have no name.
const product = "otelcol-cloudwatch"

// provider stacks the layers: the source, and the roles on top.
func (b *builder) provider() (*Provider, error) {
	c := b.config.Credentials
	p := &Provider{source: c.source(), logger: b.options.Logger}
	lowest, err := b.source()
	if err != nil {
		return nil, err
	}
	pause := refusalPause
	if w, ok := lowest.(*watched); ok {
		pause = fileRefusalPause
		p.follows = len(c.AssumeRole) == 0
		p.profile = profileName(c)
		if p.source == SourceSSMAgent {
			p.profile = cmp.Or(c.Profile, config.DefaultSharedConfigProfile)
		}
		w.logger = b.options.Logger
	}
	l := newLayer(lowest, nil, pause, b.options.Logger)
	for _, role := range c.AssumeRole {
		l = newLayer(asSource(b.assumeRole(role, l), "assume the role "+role.RoleARN), l, refusalPause, b.options.Logger)
		p.role = role.RoleARN
	}
	if p.source == SourceWebIdentity && p.role == "" {
		p.role = cmp.Or(c.WebIdentity.RoleARN, os.Getenv("AWS_ROLE_ARN"))
	}
	l.onChange = p.changed
	p.top = l
	return p, nil
}

// describe says in words where credentials come from.
func (b *builder) describe() string {
	c := b.config.Credentials
	text := string(c.source())
	switch c.source() {
	case SourceDefault:
		text += ": the SDK's chain"
	case SourceSSMAgent:
		s := newSSMAgent(c)
		text += fmt.Sprintf(": profile %s of %s", s.profile, strings.Join(s.files, " or "))
	case SourceProfile:
		text += ": " + profileName(c)
	case SourceWebIdentity:
		text += ": " + cmp.Or(c.WebIdentity.RoleARN, os.Getenv("AWS_ROLE_ARN"))
	}
	for _, role := range c.AssumeRole {
		text += ", then " + role.RoleARN
	}
	return text
}

// source is the lowest layer's.
func (b *builder) source() (source, error) {
	c := b.config.Credentials
	switch c.source() {
	case SourceSSMAgent:
		agent := newSSMAgent(c)
		return b.watch(func() []string { return agent.files }, agent.load), nil
	case SourceProfile:
		return b.watch(b.sharedFiles, b.loadProfile), nil
	case SourceProcess:
		return asSource(process{c.Process}, "run credentials::process"), nil
	case SourceWebIdentity:
		p, err := b.webIdentity()
		return asSource(p, "exchange the web identity token"), err
	case SourceContainer:
		p, err := b.container()
		return asSource(p, "ask the container's credentials endpoint"), err
	case SourceInstance:
		p := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = instanceMetadata(b.plain, b.metadata) })
		return asSource(p, "ask the instance metadata service; is this an EC2 instance with a role, and AWS_EC2_METADATA_DISABLED not set"), nil
	case SourceStatic:
		s := c.Static
		p := credentials.NewStaticCredentialsProvider(s.AccessKeyID, string(s.SecretAccessKey), string(s.SessionToken))
		return asSource(p, "use credentials::static"), nil
	}
	return b.watch(b.sharedFiles, b.loadChain), nil
}

// provided is a source that asks a provider each time.
type provided struct {
	aws.CredentialsProvider
	doing string
}

func asSource(p aws.CredentialsProvider, doing string) source { return provided{p, doing} }

func (p provided) fetch(ctx context.Context, _ *aws.Credentials) (fetched, error) {
	c, err := p.Retrieve(ctx)
	if err != nil {
		return fetched{}, fmt.Errorf("%w: %s: %w", errNoCredentials, p.doing, err)
	}
	return fetched{Credentials: c}, nil
}

func (b *builder) watch(paths func() []string, load func(context.Context, *fetched, bool) (fetched, error)) *watched {
	return &watched{paths: paths, load: load, now: time.Now, logger: zap.NewNop()}
}

// stsClient calls STS through the route with a layer's credentials, or with none.
func (b *builder) stsClient(l *layer) *sts.Client {
	c := b.plain
	if l == nil {
		c.Credentials = aws.AnonymousCredentials{}
		return sts.NewFromConfig(c)
	}
	c.Credentials = l
	c.APIOptions = append([]func(*middleware.Stack) error{refreshOnRefusal(l)}, c.APIOptions...)
	return sts.NewFromConfig(c)
}

func (b *builder) assumeRole(r AssumeRole, l *layer) aws.CredentialsProvider {
	return stscreds.NewAssumeRoleProvider(b.stsClient(l), r.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(r.SessionName, sessionName())
		o.Duration = cmp.Or(r.Duration, defaultSession)
		if r.ExternalID != "" {
			o.ExternalID = &r.ExternalID
		}
	})
}

func (b *builder) webIdentity() (aws.CredentialsProvider, error) {
	w := b.config.Credentials.WebIdentity
	file := cmp.Or(w.TokenFile, os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"))
	role := cmp.Or(w.RoleARN, os.Getenv("AWS_ROLE_ARN"))
	for _, s := range []struct{ key, env, value string }{
		{"token_file", "AWS_WEB_IDENTITY_TOKEN_FILE", file}, {"role_arn", "AWS_ROLE_ARN", role},
	} {
		if s.value == "" {
			return nil, fmt.Errorf("credentials::source is %q, but neither credentials::web_identity::%s nor %s is set; set one of them",
				SourceWebIdentity, s.key, s.env)
		}
	}
	return stscreds.NewWebIdentityRoleProvider(b.stsClient(nil), role, stscreds.IdentityTokenFile(file), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = cmp.Or(w.SessionName, os.Getenv("AWS_ROLE_SESSION_NAME"), sessionName())
	}), nil
}

var notInSessionName = regexp.MustCompile(`[^\w+=,.@-]`)

// sessionName tells machines apart in CloudTrail.
func sessionName() string {
	const longest = 64
	host, err := os.Hostname()
	if err != nil {
		return product
	}
	name := product + "-" + notInSessionName.ReplaceAllString(host, "-")
	return name[:min(len(name), longest)]
}
