package tail

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/inventory"
)

// discoverTime is for how long new files are looked at before those that are known have their turn.
const discoverTime = time.Second

// prober reads files for the inventory.
type prober struct {
	ctx    context.Context
	opener *opener
	gzip   Gzip
	until  time.Time
}

var _ inventory.Prober = (*prober)(nil)

// Enough implements inventory.Prober.
func (p *prober) Enough() bool { return p.ctx.Err() != nil || time.Now().After(p.until) }

// Open implements inventory.Prober.
func (p *prober) Open(path string, id files.ID) (inventory.Text, error) {
	f, err := p.opener.open(path)
	if err != nil {
		return nil, err
	}
	if f.ID != id {
		_ = f.Close() // nothing was read
		return nil, errOther
	}
	t := probed{size: f.Size, source: plain{f}}
	var begin [2]byte
	if n, _ := f.ReadAt(begin[:], 0); n == 2 && begin == [2]byte{0x1f, 0x8b} && p.gzip != Always || p.gzip == Always {
		t.zipped, t.source = true, &unzipped{opened: f}
		// The end has the length of the text, modulo 2^32 (RFC 1952).
		var end [4]byte
		if n, _ := f.ReadAt(end[:], f.Size-4); n == 4 {
			t.size = int64(binary.LittleEndian.Uint32(end[:]))
		}
	}
	return t, nil
}

// probed is a text that is looked at.
type probed struct {
	source source
	size   int64
	zipped bool
}

func (t probed) ReadAt(p []byte, at int64) (int, error) { return readFull(t.source, p, at) }
func (t probed) Size() int64                            { return t.size }
func (t probed) Archive() bool                          { return t.zipped }
func (t probed) Close()                                 { _ = t.source.Close() } // it was read
