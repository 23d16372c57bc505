package ssmprovider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/ssmstore"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/version"
)

// access is what tells one way to AWS from another.
type access struct{ region, role, externalID string }

// source is Parameter Store by one way.
type source struct {
	store  *ssmstore.Store
	end    func()
	poller *poller
}

// source finds the one of a URI, or makes it.
func (p *provider) source(ctx context.Context, u ssmstore.URI) (*source, error) {
	key := access{u.Region, u.RoleARN, u.ExternalID}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.New("the ssm provider is shut down")
	}
	if s := p.sources[key]; s != nil {
		return s, nil
	}
	store, end, err := p.open(ctx, u.Access())
	if err != nil {
		return nil, fmt.Errorf("ssm:%s: %w", u.Ref, err)
	}
	s := &source{store: store, end: end, poller: newPoller(store.Once(), p.logger)}
	p.sources[key] = s
	return s, nil
}

// openSession opens stores over the operator's routes, with their credentials.
func openSession(logger *zap.Logger) Open {
	return func(ctx context.Context, c awsconfig.Config) (*ssmstore.Store, func(), error) {
		session, err := awsaccess.NewSession(ctx, c, awsconfig.Options{Logger: logger, UserAgent: "otelcol-cloudwatch/" + version.Current().Full()})
		if err != nil {
			return nil, nil, err
		}
		account := func() string {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second) // they were fetched for the call
			defer cancel()
			identity, err := session.Credentials.Identity(ctx)
			if err != nil {
				return ""
			}
			return identity.AccountID
		}
		return ssmstore.New(session.Config, ssmstore.Options{Account: account}), session.Close, nil
	}
}
