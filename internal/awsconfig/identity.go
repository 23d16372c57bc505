package awsconfig

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"
)

// Identity says whose credentials are in use. It holds no secret.
type Identity struct {
	// Source is the configured source, such as ssm_agent.
	Source Source
	// Provider is the SDK's name of what gave the credentials, such as EC2RoleProvider.
	Provider string
	// Profile and File are where keys were read, if they were read from a file.
	Profile, File string
	// RoleARN is the role that was assumed last, if any is configured.
	RoleARN string
	// AccessKeyID has the last four characters of the access key id.
	AccessKeyID string
	// AccountID is the account, where the source tells it.
	AccountID string
	// Expires is when the credentials end; the zero time where that is not known.
	Expires time.Time
}

// lasting is the identity without what changes with every rotation.
func (i Identity) lasting() Identity {
	i.AccessKeyID, i.Expires = "", time.Time{}
	return i
}

func (i Identity) fields() []zap.Field {
	fields := []zap.Field{zap.String("source", string(i.Source))}
	for _, f := range []struct{ key, value string }{
		{"provider", i.Provider}, {"profile", i.Profile}, {"file", i.File},
		{"role", i.RoleARN}, {"access_key_id", i.AccessKeyID}, {"account", i.AccountID},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, f.value))
		}
	}
	if !i.Expires.IsZero() {
		fields = append(fields, zap.Time("expires", i.Expires))
	}
	return fields
}

// Provider gives the session's credentials. It implements aws.CredentialsProvider and is safe for
// concurrent use; it needs no aws.CredentialsCache around it.
type Provider struct {
	top     *layer
	source  Source
	profile string
	role    string
	// follows tells that a file is watched, so that the keys may change before they expire.
	follows bool
	logger  *zap.Logger

	last Identity // that was logged; belongs to who has the top layer's turn
}

// recheck is when who caches credentials of a watched file for itself has to ask again.
const recheck = 30 * time.Second

// Retrieve implements aws.CredentialsProvider.
//
// Keys of a watched file are given an expiry at most 30 seconds away, so that a cache which somebody
// puts around this provider does not hold them for longer. Identity has the real one.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.top.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if p.follows {
		if soon := p.top.now().Add(recheck); !c.CanExpire || soon.Before(c.Expires) {
			c.CanExpire, c.Expires = true, soon
		}
	}
	return c, nil
}

// Identity says whose credentials these are, after fetching them where that is due.
func (p *Provider) Identity(ctx context.Context) (Identity, error) {
	f, err := p.top.get(ctx)
	if err != nil {
		return Identity{}, err
	}
	return p.identify(f), nil
}

// Refresh fetches new credentials at once, because a service has refused those given. It tells whether
// there are others now. Clients made from the session's Config do so themselves.
func (p *Provider) Refresh(ctx context.Context, refused aws.Credentials) (bool, error) {
	return p.top.refresh(ctx, refused)
}

func (p *Provider) identify(f fetched) Identity {
	provider, file, ok := strings.Cut(f.Source, ": ")
	if !ok {
		file = f.file
	}
	i := Identity{
		Source: p.source, Provider: provider, File: file, RoleARN: p.role,
		AccessKeyID: lastFour(f.AccessKeyID), AccountID: f.AccountID,
	}
	if file != "" {
		i.Profile = p.profile
	}
	if f.CanExpire {
		i.Expires = f.Expires
	}
	return i
}

// changed logs a new identity, and new keys of the same one for those who look closely.
func (p *Provider) changed(f fetched) {
	i := p.identify(f)
	if i.lasting() != p.last.lasting() {
		p.logger.Info("AWS credentials chosen", i.fields()...)
	} else {
		p.logger.Debug("AWS credentials rotated", i.fields()...)
	}
	p.last = i
}

// lastFour is as much of an access key id as is shown.
func lastFour(id string) string {
	const shown = 4
	if len(id) <= 2*shown {
		return "…"
	}
	return "…" + id[len(id)-shown:]
}
