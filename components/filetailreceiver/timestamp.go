package filetailreceiver

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
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

	// One of these says where the time stands. Default: at the start of the record.

	// Field is the name of the JSON record's field that has it, with points between the names of objects in objects.
	Field string `mapstructure:"field"`
	// Pattern is a regular expression whose first group, or whole match, is the time.
	Pattern string `mapstructure:"pattern"`
	// Offset is where the time begins, in bytes.
	Offset *int `mapstructure:"offset"`
	// Search takes the first text that is a time by the layout, within the first 1,000 bytes.
	Search bool `mapstructure:"search"`

	// Trim removes the time from the record.
	Trim bool `mapstructure:"trim"`
}

func (t *Timestamp) parser() (*logtime.Parser, error) {
	o := logtime.Options{
		Layout: t.Layout, Type: logtime.LayoutType(t.LayoutType), Pattern: t.Pattern, Field: t.Field, Offset: logtime.AtStart, Location: time.Local,
	}
	if t.LayoutType == "strptime" {
		o.Type = logtime.Strptime
	}
	places := 0
	for _, set := range []bool{t.Field != "", t.Pattern != "", t.Offset != nil, t.Search} {
		if set {
			places++
		}
	}
	switch {
	case places > 1 && !(places == 2 && t.Pattern != "" && t.Offset != nil): // a pattern with an offset was accepted before
		return nil, errors.New("field, pattern, offset and search each say where the time stands: keep one of them")
	case t.Field != "" && t.Trim:
		return nil, fmt.Errorf("trim: without its field %q the record would not be JSON any more: remove trim", t.Field)
	case t.Offset != nil && *t.Offset < 0:
		return nil, fmt.Errorf("offset: %d is below 0", *t.Offset)
	case t.Offset != nil:
		o.Offset = *t.Offset
	case t.Search:
		o.Offset = logtime.Anywhere
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

// times are what a file's lines tell of their times.
type times struct {
	sequence logtime.Sequence
	// modified is when the file was last written to, as long as nothing was read that came after; zero: not known.
	modified time.Time
	end      int64 // of what was read, in bytes
}

// begin begins the times of a chunk.
func (t *times) begin(p *logtime.Parser, c *tail.Chunk, first bool, chunkSize int) *logtime.Batch {
	if first {
		t.modified = modified(c)
	}
	end := c.Offset + int64(len(c.Raw))
	archive := strings.HasSuffix(c.Now, ".gz")             // of which the size says nothing, and which does not grow
	if c.Offset < t.end || !archive && end > c.File.Size { // it was truncated, or has grown
		t.modified = time.Time{}
	}
	t.end = end
	more := len(c.Raw) > chunkSize/2 || !archive && !t.modified.IsZero() && end < c.File.Size
	return p.Batch(&t.sequence, logtime.Evidence{Read: c.Read, Modified: t.modified, More: more}, len(c.Spans))
}

// modified is when a file was last written to, if that is known: the time at which it was opened says nothing of what was written since.
// Windows sets the time when the last program that writes closes the file.
func modified(c *tail.Chunk) time.Time {
	if runtime.GOOS == "windows" || c.File.Modified.IsZero() {
		return time.Time{}
	}
	now, err := os.Stat(c.Now)
	if err != nil || !now.ModTime().Equal(c.File.Modified) {
		return time.Time{}
	}
	return c.File.Modified
}
