package filetailreceiver

import (
	"fmt"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/logtime"
)

// Timestamp says where a record has its time and how it is written.
type Timestamp struct {
	// Layout is of strptime, of Go's time package, or s, ms, us, ns or s.ms of an epoch, by LayoutType: strptime,
	// gotime or epoch. Default: strptime.
	Layout     string `mapstructure:"layout"`
	LayoutType string `mapstructure:"layout_type"`
	// Location is of times without a zone: UTC, Local or an IANA name. Default: Local.
	Location string `mapstructure:"location"`
	// Pattern is a regular expression whose first group, or whole match, is the time. Without it the layout is looked
	// for: anywhere near the record's begin, or where Offset says, in bytes.
	Pattern string `mapstructure:"pattern"`
	Offset  *int   `mapstructure:"offset"`
	// Trim removes the time from the record.
	Trim bool `mapstructure:"trim"`
}

func (t *Timestamp) parser() (*logtime.Parser, error) {
	o := logtime.Options{Layout: t.Layout, Type: logtime.LayoutType(t.LayoutType), Pattern: t.Pattern, Offset: logtime.Anywhere, Location: time.Local}
	if t.LayoutType == "strptime" {
		o.Type = logtime.Strptime
	}
	if t.Offset != nil {
		o.Offset = *t.Offset
	}
	if t.Location != "" {
		location, err := time.LoadLocation(t.Location)
		if err != nil {
			return nil, fmt.Errorf("location: %q is no time zone that is known here: use UTC, Local or an IANA name such as Europe/Vienna: %w", t.Location, err)
		}
		o.Location = location
	}
	return logtime.New(o)
}
