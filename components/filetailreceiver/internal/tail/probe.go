package tail

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// discoverTime is for how long new files are looked at before those that are known have their turn.
const discoverTime = time.Second

// prober reads files for the inventory.
type prober struct {
	ctx         context.Context
	opener      *opener
	compression source.Compression
	until       time.Time
}

var _ inventory.Prober = (*prober)(nil)

// Enough implements inventory.Prober.
func (p *prober) Enough() bool { return p.ctx.Err() != nil || time.Now().After(p.until) }

// Open implements inventory.Prober.
func (p *prober) Open(path string, id files.ID) (inventory.Text, error) {
	f, err := p.opener.file(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, inventory.ErrElsewhere
	}
	if err != nil {
		return nil, err
	}
	if f.ID != id {
		_ = f.Close() // nothing was read
		return nil, inventory.ErrElsewhere
	}
	compression := source.Auto
	if p.compression == source.Always {
		compression = source.Always
	}
	t := probed{source.New(f, compression, 0), f.Size}
	if _, err := t.ReadAt(make([]byte, 1), 0); err != nil {
		t.Close()
		return nil, err
	}
	if t.Archive() { // its end has the length of the text, modulo 2^32 (RFC 1952)
		var end [4]byte
		if n, _ := f.ReadAt(end[:], f.Size-4); n == len(end) {
			t.size = int64(binary.LittleEndian.Uint32(end[:]))
		}
	}
	return t, nil
}

// probed is a text that is looked at.
type probed struct {
	*source.Text
	size int64
}

func (t probed) ReadAt(p []byte, at int64) (int, error) { return source.ReadFull(t.Text, p, at) }
func (t probed) Size() int64                            { return t.size }
func (t probed) Archive() bool                          { return t.Text.Archive() && t.LeftOut() == source.None }
func (t probed) Close()                                 { _ = t.Text.Close() } // it was read
