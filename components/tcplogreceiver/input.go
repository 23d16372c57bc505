package tcplogreceiver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/input/tcp"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/trim"
	"go.opentelemetry.io/collector/component"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

const (
	// acceptPause follows a connection that could not be accepted, such as for the lack of file descriptors.
	acceptPause = 50 * time.Millisecond
	// stopWait is how long a stop waits for the pipeline, as upstream's receiver does.
	stopWait = 5 * time.Second
)

// builder is upstream's configuration, of which an input of ours is made.
type builder struct {
	*tcp.Config
	limits    Limits
	maxLine   int
	telemetry *telemetry
}

// Build implements operator.Builder.
func (b *builder) Build(set component.TelemetrySettings) (operator.Operator, error) {
	theirs := *b.Config
	theirs.AddAttributes = false // it would begin to resolve names
	made, err := theirs.Build(set)
	if err != nil {
		return nil, err
	}
	input := &input{
		InputOperator: made.(*tcp.Input).InputOperator, config: b.Config, maxLine: b.maxLine, single: b.OneLogPerPacket, telemetry: b.telemetry,
		places: newPlaces(b.limits.MaxConnections), unfinished: newUnfinished(b.limits.MaxBytes / 2), inFlight: newInFlight(b.limits.MaxBytes / 2),
	}
	enc, err := lookUp(b.Encoding)
	if err != nil {
		return nil, err
	}
	if input.text = enc.NewDecoder; b.Encoding == "utf-8-raw" || b.Encoding == "utf8-raw" {
		input.text = encoding.Nop.NewDecoder
	}
	split, err := b.SplitConfig.Func(enc, true, b.maxLine)
	if err != nil {
		return nil, err
	}
	if input.split = trim.WithFunc(split, b.TrimConfig.Func()); input.single {
		input.split = input.whole
	}
	if b.TLS != nil {
		if input.tls, err = b.TLS.LoadTLSConfig(context.Background()); err != nil {
			return nil, err
		}
	}
	b.telemetry.watch(input)
	return input, nil
}

// encodings are those that upstream knows beside IANA's.
var encodings = map[string]encoding.Encoding{
	"": unicode.UTF8, "utf-8": unicode.UTF8, "utf8": unicode.UTF8, "utf-8-raw": unicode.UTF8, "utf8-raw": unicode.UTF8,
	"ascii": unicode.UTF8, "us-ascii": unicode.UTF8, "nop": encoding.Nop,
	"utf-16": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf16": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
}

func lookUp(name string) (encoding.Encoding, error) {
	if e, ok := encodings[strings.ToLower(name)]; ok {
		return e, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		return nil, fmt.Errorf("encoding %q is not known: use a name of IANA's, utf-8, utf-8-raw, utf-16, ascii or nop", name)
	}
	return e, nil
}

// input listens, and is the first of a pipeline of operators.
type input struct {
	helper.InputOperator
	config     *tcp.Config
	maxLine    int
	single     bool // a connection is one record
	telemetry  *telemetry
	places     *places
	unfinished *unfinished
	inFlight   *inFlight
	split      bufio.SplitFunc
	text       func() *encoding.Decoder
	tls        *tls.Config
	resolver   *helper.IPResolver

	listener net.Listener
	cancel   context.CancelFunc
	accepted chan struct{}
}

// Start implements operator.Operator.
func (i *input) Start(operator.Persister) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", i.config.ListenAddress)
	if err != nil {
		return fmt.Errorf("listen_address: %w", err)
	}
	if i.config.AddAttributes {
		i.resolver = helper.NewIPResolver()
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.listener, i.cancel, i.accepted = listener, cancel, make(chan struct{})
	go i.accept(ctx)
	return nil
}

func (i *input) accept(ctx context.Context) {
	defer close(i.accepted)
	for {
		conn, err := i.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(acceptPause):
				continue
			}
		}
		r := &reader{conn: conn, host: hostOf(conn.RemoteAddr()), input: i}
		if i.tls != nil {
			r.conn = tls.Server(conn, i.tls)
		}
		if !i.places.take(r, func() { r.run(ctx) }) {
			r.heard.Store(true) // nothing reads it
			r.evict(reasonConnections)
		}
	}
}

// Stop implements operator.Operator. What was read is handed on; the pipeline has stopWait for it.
func (i *input) Stop() error {
	if i.cancel == nil {
		return nil
	}
	err := i.listener.Close()
	<-i.accepted
	i.places.close()
	i.unfinished.close()
	late := time.AfterFunc(stopWait, i.cancel)
	i.places.wait.Wait()
	late.Stop()
	i.cancel()
	i.cancel = nil
	if i.resolver != nil {
		i.resolver.Stop()
	}
	return err
}

// whole is a bufio.SplitFunc that makes one record of a connection, of its first bytes where it has too many.
func (i *input) whole(data []byte, end bool) (int, []byte, error) {
	if end || len(data) >= i.maxLine {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// deliver hands lines on and waits for the pipeline. It reports whether it did: not, where the receiver stops meanwhile.
func (i *input) deliver(ctx context.Context, from net.Conn, lines [][]byte) bool {
	needed := int64(0)
	for _, line := range lines {
		needed += cost(len(line))
	}
	needed = min(needed, i.inFlight.limit)
	if i.inFlight.take(ctx, needed) != nil {
		i.telemetry.lost(len(lines), errors.New("the receiver was stopped"))
		return false
	}
	defer i.inFlight.give(needed)
	decoder := i.text()
	entries := make([]*entry.Entry, 0, len(lines))
	for _, line := range lines {
		text, err := decoder.Bytes(line)
		if err != nil {
			i.telemetry.invalid(err)
			continue
		}
		e, err := i.NewEntry(string(text))
		if err != nil {
			i.telemetry.invalid(err)
			continue
		}
		i.attributes(e, from)
		entries = append(entries, e)
	}
	if len(entries) > 0 {
		if err := i.WriteBatch(ctx, entries); err != nil {
			i.telemetry.lost(len(entries), err)
		}
	}
	return true
}

// attributes says who sent a record, as upstream does.
func (i *input) attributes(e *entry.Entry, from net.Conn) {
	if i.resolver == nil {
		return
	}
	e.AddAttribute("net.transport", "IP.TCP")
	for side, at := range map[string]net.Addr{"peer": from.RemoteAddr(), "host": from.LocalAddr()} {
		if at, ok := at.(*net.TCPAddr); ok {
			ip := at.IP.String()
			e.AddAttribute("net."+side+".ip", ip)
			e.AddAttribute("net."+side+".port", strconv.Itoa(at.Port))
			e.AddAttribute("net."+side+".name", i.resolver.GetHostFromIP(ip))
		}
	}
}
