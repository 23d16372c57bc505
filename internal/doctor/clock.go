package doctor

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// recorder keeps the service's clock from every answer.
type recorder struct {
	client aws.HTTPClient
	clock  *clock
}

// Do implements aws.HTTPClient.
func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	sent := r.clock.now()
	answer, err := r.client.Do(request)
	if err == nil {
		r.clock.observe(request.URL.Host, answer.Header.Get("Date"), sent, r.clock.now())
	}
	return answer, err
}

// clock compares this host's clock with that of the services.
type clock struct {
	now func() time.Time

	mu   sync.Mutex
	seen bool
	from string
	skew time.Duration // of this host: positive when it is ahead
}

// observe takes the smallest skew that is seen: an answer that was long under way shows more.
func (c *clock) observe(host, date string, sent, received time.Time) {
	there, err := http.ParseTime(date)
	if err != nil {
		return
	}
	// The header has whole seconds, and was written between the request and the answer.
	here := sent.Add(received.Sub(sent) / 2)
	skew := here.Sub(there.Add(time.Second / 2))
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.seen || skew.Abs() < c.skew.Abs() {
		c.seen, c.from, c.skew = true, host, skew
	}
}

const (
	// maxSkew is how far a request's time may be off (IAM User Guide, "Elements of an AWS API request
	// signature": five minutes).
	maxSkew = 5 * time.Minute
	// noticedSkew is where the time of log events, too, is wrong enough to mislead.
	noticedSkew = time.Minute
)

// check reports the skew. why says why there is none.
func (c *clock) check(why string) Check {
	k := Check{ID: "clock.skew", Title: "This host's clock"}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.seen {
		return notChecked(k.ID, k.Title, why)
	}
	k.fact("compared with", c.from)
	direction := "ahead of"
	if c.skew < 0 {
		direction = "behind"
	}
	off := c.skew.Abs()
	switch {
	case off < 2*time.Second: // within what the header's whole seconds can tell
		k.Status, k.Detail = OK, "agrees with AWS to two seconds"
		return k
	case off <= noticedSkew:
		k.Status = OK
	case off <= maxSkew:
		k.Status = Warning
	default:
		k.Status = Problem
	}
	k.Detail = fmt.Sprintf("%s %s AWS", off.Round(time.Second), direction)
	if k.Status == Problem {
		k.Detail += "; the collector signs by the time of AWS, but the times of events are wrong, and beyond 5 minutes the signatures of other programs are refused"
	}
	if k.Status != OK {
		k.Remedy = "keep the clock right with " + timekeeper
	}
	return k
}

// known says whether some answer told the time.
func (c *clock) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// bad says whether the clock is known to be too wrong for signatures. A nil clock is not.
func (c *clock) bad() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen && c.skew.Abs() > maxSkew
}
