package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsconfig"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsroute/awsnames"
)

// soon is when credentials that nobody seems to renew are reported. Sources renew theirs five minutes
// or more before the end.
const soon = 3 * time.Minute

// held is what the source of credentials gave.
type held struct {
	awsconfig.Identity
	err  error
	took time.Duration
}

// fetch asks the source. Nothing is signed yet.
func (a *access) fetch(ctx context.Context) held {
	if a.session == nil {
		return held{err: a.err}
	}
	started := time.Now()
	h, ok := limited(ctx, credentialsLimit, func(ctx context.Context) held {
		i, err := a.session.Credentials.Identity(ctx)
		return held{Identity: i, err: err}
	})
	if !ok {
		h.err = errors.New(tooLate(ctx, credentialsLimit))
	}
	h.took = time.Since(started)
	return h
}

// checkCredentials reports what the source gave.
func (a *access) checkCredentials() Check {
	c := Check{ID: "credentials.source", Title: "Credentials"}
	if a.session == nil {
		return notChecked(c.ID, c.Title, "there is no AWS configuration: "+oneLine(a.err))
	}
	i := a.credentials()
	c.DurationMS = i.took.Milliseconds()
	c.fact("source", a.session.CredentialSource)
	if i.err != nil {
		if errors.Is(i.err, errNoWay) {
			return notChecked(c.ID, c.Title, "they come from AWS, and which routes are allowed is not known")
		}
		c.Status, c.Detail, c.Remedy = Problem, oneLine(i.err), remedyForSource(i.err)
		return c
	}
	c.Status, c.Detail = OK, i.Provider
	if i.RoleARN != "" {
		c.Detail = "role " + i.RoleARN
	}
	c.fact("profile", i.Profile)
	c.fact("file", i.File)
	c.fact("access key", i.AccessKeyID)
	c.fact("account", i.AccountID)
	switch left := i.Expires.Sub(a.options.Now()); {
	case i.Expires.IsZero():
		c.fact("expires", "not known, or never")
	case left <= 0:
		c.Status = Problem
		c.fact("expires", stamp(i.Expires)+": they have expired")
		c.Remedy = "find out why the source does not renew them (SSM Agent, aws_signing_helper, …) and start it again"
	default:
		c.fact("expires", fmt.Sprintf("%s, in %s", stamp(i.Expires), rough(left)))
		if left < soon {
			c.Status = Warning
			c.Remedy = "see that the source renews them in time; most do 5 minutes before the end"
		}
	}
	return c
}

func remedyForSource(err error) string {
	if errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), os.ErrPermission.Error()) {
		return "let this user read the credentials file, or run doctor as the collector's user"
	}
	if f := failureOf(err); f.code != "" {
		return f.remedy(nil)
	}
	if f := pathRemedy(err); f != "" {
		return f
	}
	return "give this host a role, keys in AWS_SHARED_CREDENTIALS_FILE, or a hybrid activation; or set credentials::source"
}

// who is the answer of GetCallerIdentity.
type who struct {
	account, arn string
	err          error
	skipped      string // why it was not asked
	took         time.Duration
}

// whoAmI asks STS, which needs no permission.
func (a *access) whoAmI(ctx context.Context) who {
	if a.credentials().err != nil {
		return who{skipped: "there are no credentials"}
	}
	if why := a.closed(awsnames.STS, target{}); why != "" {
		return who{skipped: why}
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	started := time.Now()
	out, err := sts.NewFromConfig(a.session.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w := who{err: err, took: time.Since(started)}
	if err == nil {
		w.account, w.arn = aws.ToString(out.Account), aws.ToString(out.Arn)
	}
	return w
}

// checkIdentity reports who the credentials belong to. shown says that there is a section about STS.
func (a *access) checkIdentity(w who, shown bool) Check {
	c := Check{ID: "credentials.identity", Title: "Identity", Status: OK, DurationMS: w.took.Milliseconds()}
	switch {
	case w.skipped != "":
		return notChecked(c.ID, c.Title, w.skipped)
	case w.err != nil:
		f := failureOf(w.err)
		c.Status, c.Detail, c.Remedy = f.status, f.detail, f.remedy(a.clock)
		switch {
		case f.skipped:
			return notChecked(c.ID, c.Title, f.detail)
		case f.code == "" && shown:
			return notChecked(c.ID, c.Title, "sts is not reached, as shown below")
		}
	default:
		c.Detail = w.arn
		c.fact("account", w.account)
	}
	return c
}

// sessionOf is the session of a component that has a role or an endpoint of its own.
func (a *access) sessionOf(ctx context.Context, t target) (*awsconfig.Session, error) {
	c := a.config()
	c.Region, c.Endpoint = a.region, t.endpoint
	if t.role != "" {
		c.Credentials.AssumeRole = append(c.Credentials.AssumeRole, awsconfig.AssumeRole{RoleARN: t.role, ExternalID: t.externalID})
	}
	s, err := awsconfig.Load(ctx, c, a.loadOptions())
	if err != nil {
		return nil, err
	}
	s.Config.HTTPClient = &recorder{client: s.Config.HTTPClient, clock: a.clock}
	return s, nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// rough is a duration for a person.
func rough(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}
