package retryafter

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnAnswerAsksForNoMoreThanTheBound(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for text, want := range map[string]struct {
		asked time.Duration
		bound string // empty: the header is gone
	}{
		"": {}, "0": {}, "-5": {}, "soon": {}, "1.5": {}, "Mon, 02 Jan 2006 15:00:00 GMT": {},
		"3": {3 * time.Second, "3"}, " 3 ": {3 * time.Second, "3"}, "60": {time.Minute, "60"}, "61": {61 * time.Second, "60"},
		"86400": {24 * time.Hour, "60"}, "9223372036": {9223372036 * time.Second, "60"},
		"9223372037": {longest, "60"}, "99999999999999999999999": {longest, "60"},
		"Mon, 02 Jan 2006 15:04:15 GMT": {10 * time.Second, "10"}, "Mon, 02 Jan 2006 16:04:05 GMT": {time.Hour, "60"},
		"Fri, 31 Dec 9999 23:59:59 GMT": {longest, "60"}, "Monday, 02-Jan-06 16:04:05 GMT": {time.Hour, "60"},
	} {
		h := http.Header{"Retry-After": {text, "7200"}, "Date": {date}}
		assert.Equal(t, want.asked, Of(h), text)
		Bind(h, time.Minute)
		assert.Equal(t, want.bound, h.Get("Retry-After"), text)
		assert.LessOrEqual(t, len(h.Values("Retry-After")), 1, text)
	}
	far := http.Header{"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
	Bind(far, 100*time.Millisecond)
	assert.Equal(t, "1", far.Get("Retry-After"), "by the own clock, where the answer has none")
	Bind(http.Header{}, time.Minute)
}
