package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"
)

const (
	// checkInterval is how often files are looked at. Who rewrites them does so minutes before the old
	// keys end (aws_signing_helper five, the SSM Agent thirty).
	checkInterval = 5 * time.Second
	// settleTime is how long a changed file must rest before it is taken: writers that do not rename a
	// finished file into place are done by then.
	settleTime = 250 * time.Millisecond
	// maxSettle bounds the wait for that after a refusal.
	maxSettle = 2 * time.Second
	// badFilePause is how long a file that gave nothing is left alone while it stays as it is.
	badFilePause = 30 * time.Second
)

// errGone says that keys which were in the files are there no longer.
var errGone = errors.New("the files no longer hold keys for the profile")

// watched is a source that follows files.
type watched struct {
	paths  func() []string
	logger *zap.Logger
	now    func() time.Time
	// load reads the credentials. last are those of before; strict asks for errGone rather than for
	// credentials of another kind when last were keys of the files.
	load func(ctx context.Context, last *fetched, strict bool) (fetched, error)

	last  *fetched
	due   time.Time   // when last must be loaded again although no file has changed
	print fingerprint // of the files that last came from

	pending      fingerprint // a change that has not rested yet
	pendingSince time.Time
	bad          fingerprint // a change that gave nothing
	badUntil     time.Time
	reported     fingerprint // the change that was complained of
}

func (w *watched) fetch(ctx context.Context, refused *aws.Credentials) (fetched, error) {
	print, now := fingerprintOf(w.paths()), w.now()
	if w.last == nil {
		return w.take(ctx, print, false)
	}
	changed := print != w.print
	if refused != nil {
		if changed {
			var err error
			if print, err = w.settled(ctx, print); err != nil {
				return fetched{}, err
			}
		}
		f, err := w.take(ctx, print, changed)
		if err != nil && changed {
			return w.complain(print, err), nil
		}
		return f, err
	}
	expired := !now.Before(w.due)
	if !changed && !expired || changed && print == w.bad && now.Before(w.badUntil) && !expired {
		return w.asBefore(now.Add(checkInterval)), nil
	}
	if changed && (print != w.pending || now.Before(w.pendingSince.Add(settleTime))) {
		if print != w.pending {
			w.pending, w.pendingSince = print, now
		}
		return w.asBefore(now.Add(settleTime)), nil
	}
	f, err := w.take(ctx, print, changed)
	if err != nil && changed && good(w.last, now) {
		return w.complain(print, err), nil
	}
	return f, err
}

// take loads the credentials of the files as they are, and remembers them.
func (w *watched) take(ctx context.Context, print fingerprint, strict bool) (fetched, error) {
	f, err := w.load(ctx, w.last, strict)
	if err == nil {
		err = incomplete(f.Credentials)
	}
	if err == nil && w.last != nil && fingerprintOf(w.paths()) != print {
		err = errors.New("the files are being written")
	}
	if err != nil {
		return fetched{}, err
	}
	now := w.now()
	w.due = dueAt(now, f.Credentials)
	if f.again.IsZero() || f.again.After(now.Add(checkInterval)) {
		f.again = now.Add(checkInterval)
	}
	w.last, w.print, w.bad, w.reported = &f, print, fingerprint{}, fingerprint{}
	return f, nil
}

// asBefore is the last credentials, to be asked for again at a time.
func (w *watched) asBefore(again time.Time) fetched {
	f := *w.last
	f.again = again
	return f
}

// complain keeps the last good credentials, and says so once for each content of the files.
func (w *watched) complain(print fingerprint, err error) fetched {
	if print != w.reported {
		w.reported = print
		w.logger.Warn("the AWS credentials files have changed but are not complete; the last good credentials are used",
			zap.Strings("files", w.paths()), zap.Error(err))
	}
	w.bad, w.badUntil = print, w.now().Add(badFilePause)
	return w.asBefore(w.now().Add(checkInterval))
}

// settled waits until the files have not changed for a while.
func (w *watched) settled(ctx context.Context, print fingerprint) (fingerprint, error) {
	tick := time.NewTicker(settleTime)
	defer tick.Stop()
	for end := w.now().Add(maxSettle); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return print, ctx.Err()
		}
		again := fingerprintOf(w.paths())
		if again == print || w.now().After(end) {
			return again, nil
		}
		print = again
	}
}

// incomplete tells what a half-written set of keys lacks.
func incomplete(c aws.Credentials) error {
	switch {
	case !c.HasKeys():
		return errors.New("the access key id or the secret access key is missing")
	case strings.HasPrefix(c.AccessKeyID, temporaryKey) && c.SessionToken == "":
		return fmt.Errorf("the session token of the temporary access key id %s is missing", lastFour(c.AccessKeyID))
	}
	return nil
}
