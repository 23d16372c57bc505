package translate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Declaration says which dimensions metrics have that match it.
type Declaration struct {
	// Dimensions are sets of labels. One of which a metric does not have all is left out.
	Dimensions [][]string `mapstructure:"dimensions"`
	// MetricNameSelectors are regular expressions, of which a name must match one.
	MetricNameSelectors []string `mapstructure:"metric_name_selectors"`
	// LabelMatchers are conditions, of which one must be met where there are any.
	LabelMatchers []*LabelMatcher `mapstructure:"label_matchers"`

	selectors []*regexp.Regexp
}

// LabelMatcher is a condition on labels.
type LabelMatcher struct {
	// LabelNames are labels, whose values are put together with Separator between them. Default: ;
	LabelNames []string `mapstructure:"label_names"`
	Separator  string   `mapstructure:"separator"`
	// Regex is what must match that.
	Regex string `mapstructure:"regex"`

	regex *regexp.Regexp
}

// Compile makes a declaration ready for use, and returns every mistake in it.
func (d *Declaration) Compile() error {
	var errs []error
	if len(d.MetricNameSelectors) == 0 {
		errs = append(errs, errors.New(`metric_name_selectors: there are none; name what the declaration is for, such as ["^http_"]`))
	}
	d.selectors = nil
	for i, text := range d.MetricNameSelectors {
		r, err := regexp.Compile(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("metric_name_selectors[%d]: %q is no regular expression: %w", i, text, err))
		}
		d.selectors = append(d.selectors, r)
	}
	for i, set := range d.Dimensions {
		if err := CheckSet(set); err != nil {
			errs = append(errs, fmt.Errorf("dimensions[%d]: %w", i, err))
		}
	}
	for i, m := range d.LabelMatchers {
		if m == nil {
			errs = append(errs, fmt.Errorf("label_matchers[%d] is empty", i))
			continue
		}
		if len(m.LabelNames) == 0 {
			errs = append(errs, fmt.Errorf("label_matchers[%d].label_names: there are none; name the labels that %q is to match", i, m.Regex))
		}
		if m.Regex == "" {
			errs = append(errs, fmt.Errorf("label_matchers[%d].regex is not set", i))
		}
		var err error
		if m.regex, err = regexp.Compile(m.Regex); err != nil {
			errs = append(errs, fmt.Errorf("label_matchers[%d].regex: %q is no regular expression: %w", i, m.Regex, err))
		}
	}
	return errors.Join(errs...)
}

// CheckSet returns an error for a set of dimensions that CloudWatch refuses.
func CheckSet(set []string) error {
	if len(set) > MaxDimensions {
		return fmt.Errorf("%d dimensions are more than the %d that CloudWatch takes in a set", len(set), MaxDimensions)
	}
	for _, name := range set {
		if err := CheckDimension(name); err != nil {
			return err
		}
	}
	return nil
}

// CheckDimension returns an error for a name that no dimension may have.
func CheckDimension(name string) error {
	if !dimensionName(name) {
		return fmt.Errorf("%q cannot be a dimension: names have 1 to %d characters", name, MaxDimensionNameLength)
	}
	return nil
}

// named tells whether a metric's name matches.
func (d *Declaration) named(name string) bool {
	return slices.ContainsFunc(d.selectors, func(r *regexp.Regexp) bool { return r.MatchString(name) })
}

// labelled tells whether labels match.
func (d *Declaration) labelled(labels []label) bool {
	return len(d.LabelMatchers) == 0 || slices.ContainsFunc(d.LabelMatchers, func(m *LabelMatcher) bool { return m.match(labels) })
}

func (m *LabelMatcher) match(labels []label) bool {
	separator := m.Separator
	if separator == "" {
		separator = ";"
	}
	var text strings.Builder
	for i, name := range m.LabelNames {
		if i > 0 {
			text.WriteString(separator)
		}
		if at, ok := search(labels, name); ok {
			text.WriteString(labels[at].value)
		}
	}
	return m.regex.MatchString(text.String())
}
