package awsconfig

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"go.uber.org/zap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsclock"
)

const (
	// expiryWindow is how long before their end credentials are replaced, at most: EC2 offers new ones
	// at least five minutes before (EC2 User Guide, "Retrieve security credentials"). Those with a short
	// life are replaced when a third of it is left.
	expiryWindow = 5 * time.Minute
	// unknownExpiry is after how long credentials are fetched again that do not say when they end.
	unknownExpiry = time.Hour
	// refreshPause is how long after a failed fetch the next may be made, while the old are still good.
	refreshPause = 10 * time.Second
	// failurePause is how long a failed fetch answers all who ask, when there is nothing else to give.
	failurePause = time.Second
	// refusalPause is how long after a refusal brought nothing new the next refusal of the same keys may
	// make another fetch, so that many failing requests do not become many calls to STS.
	refusalPause = 5 * time.Second
	// fileRefusalPause is the same for files, which cost nothing to read.
	fileRefusalPause = 200 * time.Millisecond
)

// fetched is what a source has.
type fetched struct {
	aws.Credentials           // Expires is their real end, where known
	again           time.Time // when to ask the source again; the zero time: when their end says so
	file            string    // that they were read from, if any
}

// source is where a layer's credentials come from. A layer asks it one question at a time.
type source interface {
	// fetch returns credentials. refused are those that a service has just turned down, nil when
	// nothing was.
	fetch(ctx context.Context, refused *aws.Credentials) (fetched, error)
}

// layer keeps the credentials of a source.
type layer struct {
	source       source
	base         *layer // whose credentials the source uses; nil for the lowest
	refusalPause time.Duration
	logger       *zap.Logger
	now          func() time.Time
	onChange     func(fetched) // called with every set that differs from the one before

	turn  chan struct{} // holds one token: who has it may ask the source
	state atomic.Pointer[fetched]

	// These belong to who has the turn.
	failure      error // of the last fetch
	failureUntil time.Time
	refusedKey   string // that a fetch after a refusal brought back once more
	refusedUntil time.Time
}

func newLayer(s source, base *layer, pause time.Duration, logger *zap.Logger) *layer {
	l := &layer{source: s, base: base, refusalPause: pause, logger: logger, now: time.Now, turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l
}

// Retrieve implements aws.CredentialsProvider, with the real expiry.
func (l *layer) Retrieve(ctx context.Context) (aws.Credentials, error) {
	f, err := l.get(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	noteUse(ctx, l, f.Credentials)
	return f.Credentials, nil
}

// get returns what the layer has, after a fetch if one is due. While one asks the source, the others go
// on with what is still good.
func (l *layer) get(ctx context.Context) (fetched, error) {
	if f := l.state.Load(); f != nil {
		now := l.now()
		if now.Before(f.again) {
			return *f, nil
		}
		if good(f, now) {
			select {
			case <-l.turn:
				defer l.pass()
				return l.update(ctx)
			default:
				return *f, nil
			}
		}
	}
	select {
	case <-l.turn:
		defer l.pass()
		return l.update(ctx)
	case <-ctx.Done():
		return fetched{}, ctx.Err()
	}
}

func (l *layer) pass() { l.turn <- struct{}{} }

// update fetches unless somebody just did. The turn is the caller's.
func (l *layer) update(ctx context.Context) (fetched, error) {
	now, f := l.now(), l.state.Load()
	if f != nil && now.Before(f.again) {
		return *f, nil
	}
	if l.failure != nil && now.Before(l.failureUntil) {
		return fetched{}, l.failure
	}
	next, err := l.source.fetch(ctx, nil)
	if err == nil {
		return l.keep(next), nil
	}
	// The instance's own keys are used beyond their end: EC2 prolongs them while it cannot replace them
	// (EC2 User Guide, "Retrieve security credentials"), and the service decides.
	if f != nil && (good(f, l.now()) || f.Source == ec2rolecreds.ProviderName) {
		l.logger.Warn("new AWS credentials could not be fetched; the current ones stay in use",
			zap.Error(err), zap.Time("expires", f.Expires))
		kept := *f
		kept.again = l.now().Add(refreshPause)
		l.state.Store(&kept)
		return kept, nil
	}
	if ctx.Err() == nil { // else it is this caller's own failure
		l.failure, l.failureUntil = err, l.now().Add(failurePause)
	}
	return fetched{}, err
}

// keep stores what was fetched. The turn is the caller's.
func (l *layer) keep(f fetched) fetched {
	before := l.state.Load()
	if f.again.IsZero() {
		f.again = dueAt(l.now(), f.Credentials)
	}
	l.failure = nil
	l.state.Store(&f)
	if l.onChange != nil && (before == nil || !sameKeys(before.Credentials, f.Credentials)) {
		l.onChange(f)
	}
	return f
}

// refresh replaces credentials that a service has refused, those of the layers below first. It tells
// whether there are others now.
func (l *layer) refresh(ctx context.Context, refused aws.Credentials) (bool, error) {
	select {
	case <-l.turn:
		defer l.pass()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	f := l.state.Load()
	if f != nil && !sameKeys(f.Credentials, refused) {
		return true, nil // somebody was here before
	}
	if l.refusedKey == refused.AccessKeyID && l.now().Before(l.refusedUntil) {
		return false, nil
	}
	if l.base != nil {
		if below := l.base.state.Load(); below != nil {
			if _, err := l.base.refresh(ctx, below.Credentials); err != nil {
				l.logger.Debug("the credentials that a role is assumed with could not be fetched again", zap.Error(err))
			}
		}
	}
	next, err := l.source.fetch(ctx, &refused)
	if err != nil || sameKeys(next.Credentials, refused) {
		l.refusedKey, l.refusedUntil = refused.AccessKeyID, l.now().Add(l.refusalPause)
		return false, err
	}
	l.keep(next)
	return true, nil
}

// good tells whether credentials have not expired.
func good(f *fetched, now time.Time) bool {
	return !f.CanExpire || now.Before(awsclock.Local(f.Expires))
}

func sameKeys(a, b aws.Credentials) bool {
	return a.AccessKeyID == b.AccessKeyID && a.SecretAccessKey == b.SecretAccessKey && a.SessionToken == b.SessionToken
}

// dueAt is when credentials are to be replaced: ahead of their end, at a moment that differs from
// machine to machine so that a fleet does not call STS all at once.
func dueAt(now time.Time, c aws.Credentials) time.Time {
	if !c.CanExpire {
		return now.Add(unknownExpiry)
	}
	end := awsclock.Local(c.Expires)
	window := max(0, min(expiryWindow, end.Sub(now)/3))
	jitter := time.Duration(rand.Float64() * float64(window/2))
	return end.Add(jitter - window)
}
