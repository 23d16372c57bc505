package records

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

// split divides a text that is read in pieces of so many bytes, as the Tailer does: what is not consumed is read again.
func split(t testing.TB, o Options, text []byte, piece int, flush bool) (all []string) {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	var state State
	at, end := 0, 0
	for {
		end = min(len(text), max(end, at)+piece)
		last := end == len(text)
		now := Nothing
		if last && flush {
			now = UnfinishedLine
		}
		r := s.Split(o.Encoding, text[at:end], &state, now, nil)
		n := r.Consumed
		for _, span := range r.Spans {
			require.LessOrEqual(t, span.To, n)
			all = append(all, o.Encoding.Decode(text[at+span.From:at+span.To]))
		}
		at += n
		if last {
			return all
		}
	}
}

func utf16(text string, order unicode.Endianness) []byte {
	raw, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err) // the tests' texts are text
	}
	return raw
}

func TestRecords(t *testing.T) {
	lookup := func(name string) Encoding {
		e, err := LookupEncoding(name)
		require.NoError(t, err)
		return e
	}
	const java = "2026-01-01 a\n  at b\n  at c\n2026-01-02 d\n2026-01-03 e\n"
	for name, c := range map[string]struct {
		o     Options
		text  string
		flush bool
		want  []string
	}{
		"lines":                    {Options{}, "a\nb\n", false, []string{"a", "b"}},
		"an unfinished one":        {Options{}, "a\nb", false, []string{"a"}},
		"an unfinished one, taken": {Options{}, "a\nb", true, []string{"a", "b"}},
		"carriage returns":         {Options{}, "a\r\nb\r\n", false, []string{"a", "b"}},
		"empty lines":              {Options{}, "\n\na\n\n", false, []string{"a"}},
		"NUL":                      {Options{}, "a\x00b\n", false, []string{"a\x00b"}},
		"what is no UTF-8":         {Options{}, "a\xffb\n", false, []string{"a\uFFFDb"}},
		"as it is":                 {Options{Encoding: lookup("utf8-raw")}, "a\xffb\n", false, []string{"a\xffb"}},
		"blanks":                   {Options{}, "  a \n", false, []string{"  a "}},
		"trimmed":                  {Options{TrimLeading: true, TrimTrailing: true}, " \ta \n \n", false, []string{"a"}},
		"divided":                  {Options{MaxBytes: 4}, "abcdefghi\nxy\n", false, []string{"abcd", "efgh", "i", "xy"}},
		"divided exactly":          {Options{MaxBytes: 4}, "abcd\nabcdefgh\n", false, []string{"abcd", "abcd", "efgh"}},
		"divided at a character":   {Options{MaxBytes: 4}, "abc€def\n", false, []string{"abc", "€d", "ef"}},
		"truncated":                {Options{MaxBytes: 4, Truncate: true}, "abcdefghi\nxy\n", false, []string{"abcd", "xy"}},
		"begin":                    {Options{LineStart: `^\d{4}-`}, java, false, []string{"2026-01-01 a\n  at b\n  at c", "2026-01-02 d"}},
		"begin, flushed":           {Options{LineStart: `^\d{4}-`}, java, true, []string{"2026-01-01 a\n  at b\n  at c", "2026-01-02 d", "2026-01-03 e"}},
		"begin anywhere":           {Options{LineStart: `START`}, "x START a\nb START c\n", true, []string{"x ", "START a\nb ", "START c"}},
		"begin, omitted":           {Options{LineStart: `^>`, OmitPattern: true}, ">a\nb\n>c\n", true, []string{"a\nb", "c"}},
		"begin, alternatives":      {Options{LineStart: `(^a|^b)`}, "a1\nx\nb2\n", true, []string{"a1\nx", "b2"}},
		"end":                      {Options{LineEnd: `;$`}, "a\nb;\nc;\nd", true, []string{"a\nb;", "c;", "d"}},
		"end, omitted":             {Options{LineEnd: `\n\n`, OmitPattern: true}, "a\nb\n\nc\n\n", false, []string{"a\nb", "c"}},
		"UTF-16, little":           {Options{Encoding: lookup("utf-16le")}, string(utf16("ä\nĊb\r\n", unicode.LittleEndian)), false, []string{"ä", "Ċb"}},
		"UTF-16, big":              {Options{Encoding: lookup("utf-16be")}, string(utf16("ä\nĊb\n", unicode.BigEndian)), false, []string{"ä", "Ċb"}},
		"UTF-16, begin":            {Options{Encoding: lookup("utf-16le"), LineStart: `^\d`}, string(utf16("1a\n b\n2c\n", unicode.LittleEndian)), true, []string{"1a\n b", "2c"}},
		"Latin 1":                  {Options{Encoding: lookup("iso-8859-1")}, "\xe4\n", false, []string{"ä"}},
		"Shift JIS":                {Options{Encoding: lookup("shift_jis")}, "\x93\xfa\x96\x7b\n", false, []string{"日本"}},
		"nop":                      {Options{Encoding: lookup("nop"), MaxBytes: 8}, "a\nb", false, []string{"a\nb"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.o.MaxBytes == 0 {
				c.o.MaxBytes = 1000
			}
			assert.Equal(t, c.want, split(t, c.o, []byte(c.text), len(c.text), c.flush))
			if c.o.Encoding.kind != noText {
				assert.Equal(t, c.want, split(t, c.o, []byte(c.text), 1, c.flush), "byte by byte")
			}
		})
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	nop, err := LookupEncoding("nop")
	require.NoError(t, err)
	for want, o := range map[string]Options{
		"exclude each other":                    {LineStart: "a", LineEnd: "b", MaxBytes: 9},
		`line_start_pattern: "(" is no regular`: {LineStart: "(", MaxBytes: 9},
		"matches the empty text":                {LineEnd: "a*", MaxBytes: 9},
		"needs text":                            {LineEnd: "a", Encoding: nop, MaxBytes: 9},
		"too few":                               {MaxBytes: 1},
	} {
		_, err := New(o)
		assert.ErrorContains(t, err, want)
	}
	_, err = LookupEncoding("klingon")
	assert.ErrorContains(t, err, `"klingon" is no encoding that is known here`)
}

func TestByteOrderMarks(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		mark int
		big  bool
	}{"utf-8": {"\xEF\xBB\xBFa", 3, false}, "utf-16": {"\xFE\xFF\x00a", 2, true}, "utf-16le": {"\xFF\xFEa\x00", 2, false}, "utf8-raw": {"\xEF\xBB\xBFa", 0, false}, "iso-8859-1": {"abc", 0, false}} {
		e, err := LookupEncoding(name)
		require.NoError(t, err)
		e = e.Of([]byte(c.head))
		assert.Equal(t, c.big, e.big, name)
		assert.Equal(t, c.mark, e.Mark([]byte(c.head)), name)
	}
}

// reference says what the records are, slowly: it sees the whole text.
func reference(text string, pattern *regexp.Regexp, most int, truncate bool) (all []string) {
	var whole []string
	for line := range strings.Lines(text) {
		if pattern == nil || len(whole) == 0 || pattern.MatchString(strings.TrimSuffix(line, "\n")) {
			whole = append(whole, "")
		}
		whole[len(whole)-1] += line
	}
	for _, record := range whole {
		record = strings.TrimSuffix(strings.TrimSuffix(record, "\n"), "\r")
		for len(record) > most {
			n := most
			for n > most-utf8.UTFMax+1 && !utf8.RuneStart(record[n]) {
				n--
			}
			if !utf8.RuneStart(record[n]) {
				n = most
			}
			all = append(all, record[:n])
			record = record[n:]
			if truncate {
				record = ""
			}
		}
		if record != "" {
			all = append(all, record)
		}
	}
	return all
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nccccccccc\n"), uint8(3), uint8(5), false, false)
	f.Add([]byte("1 a\n b\n2 c\n"), uint8(1), uint8(100), true, true)
	f.Add([]byte("€€€€€€€€\n"), uint8(2), uint8(4), false, true)
	f.Fuzz(func(t *testing.T, text []byte, piece, most uint8, multi, truncate bool) {
		raw, err := LookupEncoding("utf8-raw")
		require.NoError(t, err)
		o := Options{Encoding: raw, MaxBytes: int(most) + 4, Truncate: truncate}
		var pattern *regexp.Regexp
		if multi {
			o.LineStart = `^\d`
			pattern = regexp.MustCompile(o.LineStart)
			text = bytes.ReplaceAll(text, []byte("\r"), nil) // where a record is divided before its end is seen, one may stay
			o.MaxBytes += 1 << 20
		}
		want := reference(string(text), pattern, o.MaxBytes, truncate)
		got := split(t, o, text, int(piece)+1, true)
		if !multi && bytes.ContainsRune(text, '\r') { // likewise
			clean := func(all []string) string { return strings.ReplaceAll(strings.Join(all, ""), "\r", "") }
			if !truncate {
				require.Equal(t, clean(want), clean(got))
			}
			return
		}
		require.Equal(t, want, got)
	})
}

func BenchmarkLines(b *testing.B) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 5000)
	s, err := New(Options{MaxBytes: 1 << 20})
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	var spans []Span
	for b.Loop() {
		var state State
		spans = s.Split(Encoding{}, text, &state, Nothing, spans[:0]).Spans
	}
}

// BenchmarkTrimmedLines is what the defaults do.
func BenchmarkTrimmedLines(b *testing.B) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 199)+"\n"), 5000)
	s, err := New(Options{MaxBytes: 1 << 20, TrimLeading: true, TrimTrailing: true})
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	var spans []Span
	for b.Loop() {
		var state State
		spans = s.Split(Encoding{}, text, &state, Nothing, spans[:0]).Spans
	}
}

func BenchmarkLongLines(b *testing.B) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 1999)+"\n"), 500)
	s, err := New(Options{MaxBytes: 1 << 20})
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	var spans []Span
	for b.Loop() {
		var state State
		spans = s.Split(Encoding{}, text, &state, Nothing, spans[:0]).Spans
	}
}

func BenchmarkMultiline(b *testing.B) {
	text := bytes.Repeat([]byte("2026-01-02 03:04:05 "+strings.Repeat("x", 179)+"\n"), 5000)
	s, err := New(Options{MaxBytes: 1 << 20, LineStart: `^\d{4}-\d{2}-\d{2}`})
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	var spans []Span
	for b.Loop() {
		var state State
		spans = s.Split(Encoding{}, text, &state, Nothing, spans[:0]).Spans
	}
}
