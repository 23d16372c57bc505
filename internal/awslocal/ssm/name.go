package ssm

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

const maxNameParameter = 2048 // of a request, the service's own share included (service model)

var (
	namePattern = regexp.MustCompile(`^(/?[a-zA-Z0-9_.-]+)(/[a-zA-Z0-9_.-]+)*$`)

	errNameForm = wire.Errorf("ValidationException", `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, `+
		`it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	errNamePrefix = wire.Errorf("ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	errNotFull    = wire.Errorf("ValidationException", "Parameter name must be a fully qualified name.")
	errPathForm   = wire.Errorf("ValidationException", `The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". `+
		`It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). `+
		`Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	// A read of an unknown name is answered without a message.
	errNotFound = wire.Errorf("ParameterNotFound", "")
)

// trim removes the spaces around a name, as the service does.
func trim(name string) string { return strings.Trim(name, " ") }

// checkNewName applies the rules for a parameter that is created or changed.
func (s *Service) checkNewName(name string) error {
	path := strings.Contains(name, "/")
	bare := strings.TrimPrefix(name, "/")
	lower := strings.ToLower(bare)
	switch {
	case path && !strings.HasPrefix(name, "/"):
		return errNotFull
	case !namePattern.MatchString(name):
		return errNameForm
	case strings.HasPrefix(lower, "aws") && path:
		return &wire.Error{Code: "AccessDeniedException", Status: http.StatusBadRequest,
			Message: fmt.Sprintf("No access to reserved parameter name: %s.", bare)}
	case strings.HasPrefix(lower, "ssm") && path:
		return errNameForm
	case strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ssm"):
		return errNamePrefix
	case len(name) > s.maxName:
		return wire.Errorf("ValidationException", "Parameter name must not be longer than %d characters, which include the %d characters of the ARN before it.",
			MaxFullName, MaxFullName-s.maxName)
	case strings.Count(bare, "/")+1 > MaxLevels:
		return wire.Errorf("HierarchyLevelLimitExceededException",
			"A parameter hierarchy can have a maximum of %d levels. The parameter name %s has %d levels.", MaxLevels, name, strings.Count(bare, "/")+1)
	}
	return nil
}

// reference is a parsed name of a read: the name, and the version or label after a colon.
type reference struct {
	names    []string // that it may stand for: an ARN does not tell whether the name has a leading slash
	selector string   // version or label, "" for the latest
}

// parseReference reads NAME, NAME:VERSION, NAME:LABEL, and each with an ARN in the name's place.
func (s *Service) parseReference(c *wire.Call, text string) (reference, error) {
	name, arn := trim(text), false
	if strings.HasPrefix(name, "arn:") {
		rest, ok := strings.CutPrefix(name, s.arnPrefix+"/")
		if !ok {
			return reference{}, s.foreign(c, name)
		}
		name, arn = rest, true
	}
	name, selector, selected := strings.Cut(name, ":")
	if selected && !validSelector(selector) || !namePattern.MatchString(name) {
		return reference{}, errNameForm
	}
	switch {
	case arn && strings.Contains(name, "/"):
		return reference{names: []string{"/" + name}, selector: selector}, nil
	case arn:
		return reference{names: []string{name, "/" + name}, selector: selector}, nil
	case strings.Contains(name, "/") && name[0] != '/':
		return reference{}, errNameForm
	}
	return reference{names: []string{name}, selector: selector}, nil
}

var arnPattern = regexp.MustCompile(`^arn:[a-z-]+:ssm:[a-z0-9-]+:([0-9]{12}):parameter/.+$`)

// foreign answers for an ARN that is not this account's and region's: nothing is shared with it.
func (s *Service) foreign(c *wire.Call, arn string) error {
	m := arnPattern.FindStringSubmatch(arn)
	if m == nil {
		return wire.Errorf("ValidationException", "Invalid parameter ARN: %s", arn)
	}
	if m[1] == s.account {
		return errNotFound // another region's
	}
	return wire.Errorf("AccessDeniedException", "User: %s is not authorized to perform: ssm:%s on resource: %s because no resource-based policy allows the ssm:%s action",
		c.Caller.ARN, c.Operation, arn, c.Operation)
}

func validSelector(selector string) bool {
	if n, err := strconv.ParseInt(selector, 10, 64); err == nil {
		return n > 0
	}
	return validLabel(selector)
}

// resolve finds the version that a reference names.
func (s *Service) resolve(r reference, now time.Time) (*parameter, *version, error) {
	var p *parameter
	for _, name := range r.names {
		if p = s.find(name, now); p != nil {
			break
		}
	}
	if p == nil {
		return nil, nil, errNotFound
	}
	if r.selector == "" {
		return p, p.latest(), nil
	}
	if n, err := strconv.ParseInt(r.selector, 10, 64); err == nil {
		if v := p.numbered(n); v != nil {
			return p, v, nil
		}
		return nil, nil, versionNotFound(n, p.name)
	}
	if v := p.labelled(r.selector); v != nil {
		return p, v, nil
	}
	return nil, nil, wire.Errorf("ParameterVersionNotFound", "Systems Manager could not find label %s for parameter %s. Verify the label and try again.", r.selector, p.name)
}

func versionNotFound(number int64, name string) error {
	return wire.Errorf("ParameterVersionNotFound", "Systems Manager could not find version %d of %s. Verify the version and try again.", number, name)
}
