package ssmstore

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxText is the longest configuration that is written or read, in bytes.
	MaxText = 16 << 20
	// maxChunks bounds the parameters of one configuration: a tenth of the 10,000 Standard parameters that
	// an account and region has. It makes about 3 MB of compressed text.
	maxChunks = 1000

	marker        = "otelcol-cloudwatch"
	formatVersion = "configuration/1"
	// markerStart is how every envelope begins, and no other text that is stored.
	markerStart = `{"` + marker + `":`

	encodingGzip   = "gzip+base64"
	encodingBase64 = "base64"
)

// envelope says how a text is stored that is not stored as it is.
type envelope struct {
	Format   string `json:"otelcol-cloudwatch"`
	Note     string `json:"note"`
	Bytes    int    `json:"bytes"`  // of the text
	SHA256   string `json:"sha256"` // of the text
	Encoding string `json:"encoding"`
	Set      string `json:"set,omitempty"`    // of chunks
	Chunks   int    `json:"chunks,omitempty"` // 0: Data has all
	Data     string `json:"data,omitempty"`
}

const note = "written by otelcol-cloudwatch config push; read it with config pull"

var setPattern = regexp.MustCompile(`^[0-9a-f]{12}$`)

// packed is a text as it is stored.
type packed struct {
	value string   // of the parameter
	parts []string // of its chunks
	set   string   // of the chunks
}

// pack decides how a text is stored in a parameter whose value has at most limit bytes.
func pack(text []byte, limit int) (packed, error) {
	if len(text) > MaxText {
		return packed{}, fmt.Errorf("the configuration has %d bytes; at most %d can be stored", len(text), MaxText)
	}
	if len(text) <= limit && storable(text) {
		return packed{value: string(text)}, nil
	}
	sum := sha256.Sum256(text)
	e := envelope{Format: formatVersion, Note: note, Bytes: len(text), SHA256: hex.EncodeToString(sum[:]), Encoding: encodingGzip}
	payload := base64.StdEncoding.EncodeToString(squeeze(text))
	if plain := base64.StdEncoding.EncodeToString(text); len(plain) <= len(payload) {
		e.Encoding, payload = encodingBase64, plain
	}
	e.Data = payload
	if value := e.String(); len(value) <= limit {
		return packed{value: value}, nil
	}
	e.Data = ""
	e.Chunks = (len(payload) + MaxStandard - 1) / MaxStandard
	if e.Chunks > maxChunks {
		return packed{}, fmt.Errorf("the configuration has %d bytes, %d as it would be stored; at most %d can be: split it into layers", len(text), len(payload), maxChunks*MaxStandard)
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // it never returns an error
	e.Set = hex.EncodeToString(random[:])
	p := packed{value: e.String(), set: e.Set}
	for len(payload) > 0 {
		n := min(len(payload), MaxStandard)
		p.parts = append(p.parts, payload[:n])
		payload = payload[n:]
	}
	return p, nil
}

// storable tells whether a text can stand in a parameter as it is, and comes back as it was.
func storable(text []byte) bool {
	if len(text) == 0 || !utf8.Valid(text) || looksPacked(string(text)) || bytes.Contains(text, []byte("{{")) {
		return false
	}
	return bytes.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == unicode.ReplacementChar
	}) < 0
}

func looksPacked(value string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(value, unicode.IsSpace), markerStart)
}

func squeeze(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // only for a level that there is not
	}
	_, _ = w.Write(text) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func (e envelope) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // a struct of plain fields always encodes
	}
	return string(b)
}

// parseEnvelope reads an envelope. It returns false where the value is plain text.
func parseEnvelope(value string) (e envelope, is bool, err error) {
	if !looksPacked(value) {
		return e, false, nil
	}
	d := json.NewDecoder(strings.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, true, fmt.Errorf("it begins as a packed configuration does, but is none (%s)", jsonProblem(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, true, errors.New("it is a packed configuration with something behind it")
	}
	sum, err := hex.DecodeString(e.SHA256)
	switch {
	case e.Format != formatVersion:
		return e, true, fmt.Errorf("its format is %q, and this program reads %q: use a newer one", clip(e.Format), formatVersion)
	case e.Encoding != encodingGzip && e.Encoding != encodingBase64:
		return e, true, fmt.Errorf("its encoding is %q, not %s or %s", clip(e.Encoding), encodingGzip, encodingBase64)
	case err != nil || len(sum) != sha256.Size:
		return e, true, errors.New("its sha256 is not one")
	case e.Bytes < 0 || e.Bytes > MaxText:
		return e, true, fmt.Errorf("its length is %d bytes; at most %d are read", e.Bytes, MaxText)
	case e.Chunks < 0 || e.Chunks > maxChunks:
		return e, true, fmt.Errorf("it has %d chunks; at most %d are read", e.Chunks, maxChunks)
	case e.Chunks > 0 && (!setPattern.MatchString(e.Set) || e.Data != ""), e.Chunks == 0 && e.Set != "":
		return e, true, errors.New("it neither names a set of chunks nor holds the text")
	}
	return e, true, nil
}

// jsonProblem is an error of encoding/json without what it quotes of the text.
func jsonProblem(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("byte %d", kind.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends too early"
	}
	return "it has unknown fields"
}

// open gives the text back, or says why it is not what was written.
func (e envelope) open(payload string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return nil, errors.New("its base64 is damaged")
	}
	text := raw
	if e.Encoding == encodingGzip {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, errors.New("its gzip is damaged")
		}
		if text, err = io.ReadAll(io.LimitReader(z, int64(e.Bytes)+1)); err != nil {
			return nil, errors.New("its gzip is damaged")
		}
	}
	if len(text) != e.Bytes {
		return nil, fmt.Errorf("its length is not the %d bytes that were written", e.Bytes)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != e.SHA256 {
		return nil, errors.New("its SHA-256 is not that of what was written")
	}
	return text, nil
}

// chunkName is the name of a chunk, counted from 1, of a parameter.
func chunkName(name, set string, number int) string {
	return fmt.Sprintf("%s.chunk.%s.%04d", name, set, number)
}
