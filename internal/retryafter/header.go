package retryafter

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Max is how long an answer is obeyed unless a configuration says otherwise. CloudWatch itself is back within seconds, and one more
// request a minute costs it nothing.
const Max = time.Minute

// longest stands for what no duration holds.
const longest = time.Duration(math.MaxInt64)

// Of returns how long the header of an answer asks to wait, in seconds or until a date (RFC 9110, 10.2.3). It is 0 for a
// header that is missing, says a time that has passed, or cannot be read.
func Of(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	seconds, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && seconds > uint64(longest/time.Second):
		return longest
	case err == nil:
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // both are the sender's clock
	}
	return max(0, until.Sub(now))
}

// Bind rewrites the header of an answer so that it asks for no more than limit, in seconds, and says nothing where it asks for
// nothing. It returns what was asked for.
func Bind(h http.Header, limit time.Duration) time.Duration {
	if len(h.Values("Retry-After")) == 0 {
		return 0
	}
	asked := Of(h)
	if asked == 0 {
		h.Del("Retry-After")
		return 0
	}
	wait := min(asked, limit)
	seconds := wait / time.Second
	if wait%time.Second > 0 {
		seconds++ // the header has no fractions
	}
	h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	return asked
}
