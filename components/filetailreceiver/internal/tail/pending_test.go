package tail

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
)

// slowly has records that begin with a digit and have a long time to go on.
func slowly(t *testing.T) *host {
	h := newHost(t).multiline()
	h.options.Flush = records.Waits{Lines: time.Hour}
	return h
}

// seenUpTo waits until a file was read to a size, whatever was delivered of it.
func (h *host) seenUpTo(size int64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		for _, f := range h.schedule() {
			if !f.Retired && f.RestSize == size {
				return true
			}
		}
		return false
	}, eventually, tick)
}

// The program goes on writing after the truncation, or begins with its first record, or with less than there was.
func TestTheLastRecordBeforeATruncationIsDelivered(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"of several": "1 a\n2 b\n", "the only one": "2 b\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := slowly(t)
			h.options.Finder.Include = []string{h.path("a.log")}
			h.append("a.log", first)
			h.start()
			h.seenUpTo(int64(len(first)))
			h.copy("a.log", "a.log.1") // no pattern names it
			h.truncate("a.log")
			h.append("a.log", "3 c\n4 d\n5 e\n6 f\n")
			want := []string{"2 b", "3 c", "4 d", "5 e"}
			if first != "2 b\n" {
				want = append([]string{"1 a"}, want...)
			}
			h.await("a.log", want...)
		})
	}
}

func TestATruncatedRecordIsDeliveredThoughNothingFollows(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"1 a\n  more\n", "0 z\n1 a\n  more\n"} {
		h := slowly(t)
		h.append("a.log", first)
		h.start()
		h.seenUpTo(int64(len(first)))
		h.truncate("a.log")
		require.Eventually(t, func() bool {
			got := h.records(h.path("a.log"))
			return len(got) > 0 && got[len(got)-1] == "1 a\n  more"
		}, eventually, tick)
		h.stop()
	}
}

// The copy has the whole record, of which a part was read before.
func TestACopyGoesOnWithARecordOfWhichAPartWasRead(t *testing.T) {
	t.Parallel()
	h := slowly(t)
	h.options.Flush.Lines = time.Second
	h.append("a.log", "1 a\n2 b\n")
	h.start()
	h.await("a.log", "1 a")
	h.seenUpTo(int64(len("1 a\n2 b\n")))
	h.stop()
	h.start()
	h.seenUpTo(int64(len("1 a\n2 b\n")))
	h.copy("a.log", "a.log.1")
	h.truncate("a.log")
	h.append("a.log", "3 c\n4 d\n")
	h.await("a.log", "1 a", "2 b", "3 c", "4 d")
}

func TestWhatIsKeptOfRecordsIsBounded(t *testing.T) {
	t.Parallel()
	e := &engine{}
	n := 0
	for ; n < 2*maxRestsBytes/maxRestBytes; n++ {
		f := &file{}
		f.text.rest = make([]byte, maxRestBytes)
		e.countRest(f)
		assert.Equal(t, n < maxRestsBytes/maxRestBytes, f.text.rest != nil, fmt.Sprint(n))
	}
	assert.Equal(t, maxRestsBytes, e.restBytes)
	h := slowly(t)
	h.append("a.log", "1 a\n")
	h.start()
	h.seenUpTo(4)
	require.NoError(t, os.Remove(h.path("a.log")))
	h.await("a.log", "1 a")
	require.Eventually(t, func() (none bool) {
		h.tailer.engine.do(func() { none = h.tailer.engine.restBytes == 0 })
		return none
	}, eventually, tick)
}
