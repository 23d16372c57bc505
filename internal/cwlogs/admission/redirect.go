package admission

import (
	"errors"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/cwlogs/names"
)

// RedirectConfig lets EMF documents go where they say.
type RedirectConfig struct {
	// Groups are patterns of the log groups that a document can name. Empty: none.
	Groups []string `mapstructure:"groups"`
	// Except are patterns of groups that it cannot name though Groups have them.
	Except []string `mapstructure:"except"`
	// Streams are patterns of the log streams that it can name. Empty: any.
	Streams []string `mapstructure:"streams"`
}

// On reports whether documents are redirected.
func (c RedirectConfig) On() bool { return len(c.Groups) > 0 }

// Redirect is a RedirectConfig that was read. The zero value redirects nothing.
type Redirect struct{ groups, except, streams names.Patterns }

// Parse reads the patterns. Errors name the keys.
func (c RedirectConfig) Parse() (Redirect, error) {
	var r Redirect
	var errs [3]error
	r.groups, errs[0] = names.ParsePatterns(names.Group, "redirect::groups", c.Groups)
	r.except, errs[1] = names.ParsePatterns(names.Group, "redirect::except", c.Except)
	r.streams, errs[2] = names.ParsePatterns(names.Stream, "redirect::streams", c.Streams)
	err := errors.Join(errs[:]...)
	if err == nil && !c.On() && len(c.Except)+len(c.Streams) > 0 {
		err = errors.New("redirect: groups is not set, so that no document is redirected; list the log groups that documents can name, as in [/app/*], or leave redirect out")
	}
	return r, err
}

// On reports whether documents are redirected.
func (r *Redirect) On() bool { return !r.groups.Empty() }

// Target is where a document goes that names a group and, unless it is empty, a stream. own is where it would go.
func (r *Redirect) Target(group, stream string, own cwlogs.Target) (cwlogs.Target, Reason) {
	to := cwlogs.Target{Group: names.Clean(names.Group, group), Stream: own.Stream}
	if stream != "" {
		to.Stream = names.Clean(names.Stream, stream)
	}
	if !r.groups.Match(to.Group) || r.except.Match(to.Group) || stream != "" && !r.streams.Empty() && !r.streams.Match(to.Stream) {
		return own, NotAllowed
	}
	return to, ""
}
