package tail

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// opener opens files.
type opener struct {
	// open is the Finder's Open.
	open func(path string) (*files.Opened, error)
	// spare closes others, and reports whether there were any.
	spare func() bool
}

// file opens a file. Where too many are open, others are closed for it.
func (o *opener) file(path string) (*files.Opened, error) {
	f, err := o.open(path)
	for files.TooMany(err) && o.spare() {
		f, err = o.open(path)
	}
	return f, err
}

// source opens a file. keep is how much of an archive's text can be read again without beginning again, in bytes.
func (o *opener) source(path string, c source.Compression, keep int) (*source.Text, error) {
	f, err := o.file(path)
	if err != nil {
		return nil, err
	}
	return source.New(f, c, keep), nil
}

// archive is the guess whether a file is an archive, before its first bytes are read.
func (o *Options) archive(path string) bool {
	return o.Compression == source.Always || o.Compression == source.Auto && strings.HasSuffix(strings.ToLower(path), ".gz")
}
