package metrics

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

// failure is the code of an error, in the query protocol and in the others.
type failure struct{ code, queryCode string }

var (
	invalidValue       = failure{"InvalidParameterValueException", "InvalidParameterValue"}
	invalidCombination = failure{"InvalidParameterCombinationException", "InvalidParameterCombination"}
	missingParameter   = failure{"MissingRequiredParameterException", "MissingParameter"}
	// validationError is what GetMetricData answers to every invalid parameter.
	validationError  = failure{"ValidationException", "ValidationError"}
	invalidNextToken = failure{"InvalidNextToken", "InvalidNextToken"}
)

func (f failure) errorf(format string, args ...any) *wire.Error {
	return &wire.Error{Code: f.code, QueryCode: f.queryCode, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// maxProblems bounds the length of an error's message.
const maxProblems = 20

// problems collects what is wrong with a request: CloudWatch lists all findings of a kind, one a
// line.
type problems struct {
	kind  failure
	lines []string
}

func (p *problems) add(kind failure, format string, args ...any) {
	if len(p.lines) == 0 {
		p.kind = kind
	}
	if p.kind == kind && len(p.lines) < maxProblems {
		p.lines = append(p.lines, fmt.Sprintf(format, args...))
	}
}

func (p *problems) required(name string) {
	p.add(missingParameter, "The parameter %s is required.", name)
}

// err is nil when nothing is wrong.
func (p *problems) err() error {
	if len(p.lines) == 0 {
		return nil
	}
	return p.kind.errorf("%s", strings.Join(p.lines, "\n"))
}

// as is err with another code, for the operation that has one code for everything.
func (p *problems) as(kind failure) error {
	p.kind = kind
	return p.err()
}
