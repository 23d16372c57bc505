package records

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

// oracle says what the records of a whole text are, slowly. The text has no byte order mark.
type oracle struct {
	Options
	utf16 bool
}

func (o oracle) records(text string) (all []string) {
	lines := strings.SplitAfter(text, o.end())
	for range o.HeaderLines {
		if len(lines) > 0 {
			lines = lines[1:]
		}
	}
	match := func(pattern, line string) bool {
		return pattern != "" && regexp.MustCompile(pattern).MatchString(o.lead(strings.TrimSuffix(line, o.end())))
	}
	var records []string
	begin := true
	for _, line := range lines {
		if line == "" {
			continue
		}
		for i, part := range o.holes(line) {
			if match(o.Header, strings.TrimSuffix(part, hole)) {
				begin = true
				continue
			}
			if i > 0 || begin || o.LineStart == "" && o.LineEnd == "" || match(o.LineStart, part) {
				records = append(records, "")
			}
			records[len(records)-1] += part
			begin = o.LineEnd != "" && match(o.LineEnd, part)
			if strings.HasSuffix(part, hole) {
				begin = true
			}
		}
	}
	for _, r := range records {
		r = o.trimmed(strings.TrimSuffix(r, hole))
		if rest := strings.TrimRight(r, "\x00"); len(r)-len(rest) >= o.few() {
			r = rest
		}
		all = append(all, o.pieces(r)...)
	}
	return all
}

const hole = "\uE000" // a character of no text

// holes are the parts of a line between holes; one that a hole follows has its sign.
func (o oracle) holes(line string) []string {
	row := minHole
	if o.utf16 {
		row /= 2
	}
	parts := regexp.MustCompile(`\x00{`+itoa(row)+`,}`).Split(line, -1)
	for i := range parts[:len(parts)-1] {
		parts[i] += hole
	}
	if last := len(parts) - 1; parts[last] == "" {
		parts = parts[:last]
	}
	return parts
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func (o oracle) end() string {
	if o.CarriageReturns {
		return "\r"
	}
	return "\n"
}

func (o oracle) few() int {
	if o.utf16 {
		return minNULs / 2
	}
	return minNULs
}

func (o oracle) bare(line string) string {
	if rest := strings.TrimLeft(line, "\x00"); len(line)-len(rest) >= o.few() {
		line = rest
	}
	return strings.TrimPrefix(line, "\uFEFF")
}

func (o oracle) lead(r string) string {
	if r = o.bare(r); o.CarriageReturns {
		r = strings.TrimPrefix(r, "\n")
	}
	return r
}

func (o oracle) trimmed(r string) string {
	switch {
	case o.LineStart != "" || o.LineEnd != "":
		r = strings.TrimSuffix(strings.TrimSuffix(r, "\n"), "\r")
	case o.CarriageReturns:
		r = strings.TrimSuffix(r, "\r")
	default:
		r = strings.TrimSuffix(strings.TrimSuffix(r, "\n"), "\r")
	}
	return r
}

func (o oracle) pieces(r string) (all []string) {
	for r = o.lead(r); r != ""; r = o.lead(r) {
		n, most := 0, len(r)
		for _, c := range r {
			if size := utf8.RuneLen(c); n+size > o.MaxBytes {
				most = n
				break
			} else {
				n += size
			}
		}
		piece, next := r[:most], most
		if most < len(r) && !o.Truncate && (o.LineStart != "" || o.LineEnd != "") {
			if i := strings.LastIndex(r[:min(len(r), most+1)], o.end()); i >= 0 {
				piece, next = r[:i+1], i+1
				piece = strings.TrimSuffix(strings.TrimSuffix(piece, "\n"), "\r")
			}
		}
		if rest := strings.TrimRight(piece, "\x00"); len(piece)-len(rest) >= o.few() {
			piece = rest
		}
		if piece != "" {
			all = append(all, piece)
		}
		if r = r[next:]; o.Truncate {
			break
		}
	}
	return all
}

// FuzzSplitAsTheOracle divides texts of few characters, which make what is of interest likely, in encodings, and in pieces.
func FuzzSplitAsTheOracle(f *testing.F) {
	f.Add([]byte("aaa\n1b\r\n c\n"), uint8(0), uint8(3), uint8(5))
	f.Add([]byte("#h\n1a\nhh\n b\n#\n c\n2d;\n"), uint8(0xFF), uint8(2), uint8(7))
	f.Add([]byte("1aaaaaaaaaaaaaaaaaa\n bbbbbbbbbbbbbbbbbbbbb\n c\n2HHa\n"), uint8(1), uint8(200), uint8(2))
	f.Fuzz(func(t *testing.T, seed []byte, which, piece, most uint8) {
		var b strings.Builder
		for _, c := range seed {
			b.WriteString([]string{"a", "\n", "\r", "1", "€", "\U0001F600", " ", "#", ";", "\x00", strings.Repeat("\x00", 9), strings.Repeat("\x00", 600), "\r\n", "ä", "\n1", "bbbbbbbb"}[c%16])
		}
		text := b.String() + "\n\r"
		o := oracle{Options: Options{MaxBytes: int(most) + 16}}
		switch which & 3 {
		case 1:
			o.LineStart = `^\d`
		case 2:
			o.LineStart, o.Header = `^\d`, `^#`
		case 3:
			o.Header, text = `^#`, "head\r\n"+text
			o.HeaderLines = 1
		}
		o.CarriageReturns = which&4 != 0
		o.Truncate = which&8 != 0
		raw := []byte(text)
		switch which >> 4 & 3 {
		case 1:
			o.utf16, raw = true, utf16(text, unicode.LittleEndian)
			o.Encoding = Encoding{kind: utf16Text}
		case 2:
			o.utf16, raw = true, utf16(text, unicode.BigEndian)
			o.Encoding = Encoding{kind: utf16Text, big: true}
		}
		s, err := New(o.Options)
		require.NoError(t, err)
		if regexp.MustCompile(`#[^\n]{15}`).MatchString(text) && o.LineStart != "" {
			t.Skip("a line of a header that is larger than a record")
		}
		want := o.records(text)
		for i := range want {
			want[i] = s.Clean(want[i])
		}
		got := splitInPieces(t, s, o.Encoding, raw, int(piece)+1)
		require.Equal(t, len(want), len(got), "%q: %q, not %q", short(text), short(strings.Join(got, "|")), short(strings.Join(want, "|")))
		for i := range want {
			require.Equal(t, want[i], got[i])
			require.LessOrEqual(t, len(got[i]), o.MaxBytes)
		}
	})
}

// splitInPieces reads a text as a file that grows by so many bytes.
func splitInPieces(t *testing.T, s *Splitter, e Encoding, raw []byte, piece int) (all []string) {
	t.Helper()
	state := State{Start: true}
	for at, end := 0, 0; ; {
		end = min(len(raw), end+piece)
		text := raw[at:end]
		flush := Nothing
		if end == len(raw) {
			flush = Everything
		} else if n := e.TrailingNULs(text); n > 0 { // what follows them decides
			continue
		}
		r := s.Split(e, text, &state, flush, nil)
		require.LessOrEqual(t, r.Consumed, len(text))
		if r.Consumed == 0 && len(text) > s.MaxRaw()+8 {
			require.Positive(t, s.o.HeaderLines+bytes.Count(text, []byte{0}), "nothing is taken")
		}
		for _, span := range r.Spans {
			require.LessOrEqual(t, span.To, r.Consumed)
			all = append(all, s.Clean(e.Decode(text[span.From:span.To])))
		}
		at += r.Consumed
		if end == len(raw) {
			require.Equal(t, end, at)
			require.False(t, r.Rest.Any())
			return all
		}
	}
}

// short writes rows of NULs as their number.
func short(text string) string {
	return regexp.MustCompile(`\x00+`).ReplaceAllStringFunc(text, func(row string) string { return "<" + itoa(len(row)) + ">" })
}
