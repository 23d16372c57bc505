package logs

import (
	"regexp"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// directive is a part of the agent's timestamp_format.
type directive struct {
	layout string // file_tail's, in strptime
	regexp string // what the agent looks for
}

// directives are those that the agent knows. A day or a month of one digit may have a blank before it; %f is cut or filled up
// to milliseconds.
var directives = map[string]directive{
	"%B": {"%B", `[A-Za-z]{3,9}`}, "%b": {"%b", `\w{3}`}, "%A": {"%A", `\w{6,9}`}, "%a": {"%a", `\w{3}`},
	"%-m": {"%m", `\s?\d{1,2}`}, "%m": {"%m", `\s?\d{1,2}`}, "%-d": {"%d", `\s?\d{1,2}`}, "%d": {"%d", `\s?\d{1,2}`},
	"%Y": {"%Y", `\d{4}`}, "%y": {"%y", `\d{2}`}, "%H": {"%H", `\d{2}`}, "%I": {"%I", `\d{2}`}, "%-I": {"%I", `\d{1,2}`},
	"%M": {"%M", `\d{2}`}, "%-M": {"%M", `\d{1,2}`}, "%S": {"%S", `\d{2}`}, "%-S": {"%S", `\d{1,2}`}, "%f": {"%f", `\d{1,9}`},
	"%p": {"%p", `\w{2}`}, "%Z": {"%Z", `\w{3}`}, "%z": {"%z", `[+-]\d{4}`},
}

// format is a timestamp_format.
type format struct {
	layout string
	// regexp is what the agent looks for in a record, and at the begin of one for {timestamp_format}.
	regexp string
	// pattern says that a time without a year and a month's name looks like too much else: it is looked for as the agent does.
	pattern bool
	// differs is what differs.
	differs []string
}

// parseFormat reads a timestamp_format of the agent.
func parseFormat(text string) format {
	var f format
	var layout, pattern strings.Builder
	dated, named, year := false, false, false
	for i := 0; i < len(text); {
		n := 2
		if strings.HasPrefix(text[i:], "%-") {
			n = 3
		}
		if text[i] == '%' && i+n <= len(text) {
			word := text[i : i+n]
			if d, ok := directives[word]; ok {
				layout.WriteString(d.layout)
				expression := d.regexp
				if pattern.Len() == 0 {
					expression = strings.TrimPrefix(expression, `\s?`)
				}
				pattern.WriteString(expression)
				switch d.layout {
				case "%Y", "%y":
					year, dated = true, true
				case "%b", "%B":
					named, dated = true, true
				case "%m", "%d":
					dated = true
				case "%Z":
					f.differs = append(f.differs, "the name of a zone, such as CET, is taken for what it says, and one that is not known or has several meanings for the entry's timezone; the agent knows the names of the timezone's own zones, and takes others for UTC")
				}
				i += n
				continue
			}
			if e := logtimeKnows(word); e != "" && word != "%%" {
				f.differs = append(f.differs, "the agent does not know "+word+", so it takes no time from these lines; it is read here")
				layout.WriteString(word)
				pattern.WriteString(e)
				dated = dated || strings.Contains("%e%j%s%D%F%c%x", word)
				i += n
				continue
			}
		}
		if text[i] == '%' {
			layout.WriteByte('%')
		}
		layout.WriteByte(text[i])
		pattern.WriteString(regexp.QuoteMeta(text[i : i+1]))
		i++
	}
	f.layout, f.regexp = layout.String(), pattern.String()
	f.pattern = !named && !year && !strings.Contains(f.layout, "%s")
	if !dated {
		f.differs = append(f.differs, "without a date the time is of the last day on which it is not in the future; the agent takes 1 January of this year, which CloudWatch refuses for most of the year")
	}
	return f
}

// logtimeKnows is the regular expression of a directive that file_tail knows, and "" of others.
func logtimeKnows(word string) string {
	p, err := logtime.New(logtime.Options{Layout: word + "%Y"})
	if err != nil {
		return ""
	}
	year, _ := logtime.New(logtime.Options{Layout: "%Y"})
	return strings.TrimSuffix(p.Regexp(), year.Regexp())
}

// valid says why file_tail does not take the layout.
func (f format) valid() error {
	_, err := logtime.New(logtime.Options{Layout: f.layout})
	return err
}
