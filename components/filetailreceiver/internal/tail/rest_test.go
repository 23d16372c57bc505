package tail

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/records"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/source"
)

// patient waits for the ends of lines, as the defaults do.
func patient(t *testing.T) *host {
	h := newHost(t)
	h.options.Flush = records.Waits{Lines: 20 * time.Millisecond}
	return h
}

// multiline has records that begin with a digit.
func (h *host) multiline() *host {
	h.t.Helper()
	s, err := records.New(records.Options{MaxBytes: h.options.MaxRecordBytes, LineStart: `^\d`})
	require.NoError(h.t, err)
	h.options.Splitter = s
	return h
}

func TestALineInBlocksIsWhole(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.append("app.log", "line 1\nli")
	h.start()
	h.await("app.log", "line 1")
	for _, block := range []string{"ne", " 2", "\nline 3\nl"} {
		time.Sleep(3 * h.options.Flush.Lines)
		h.append("app.log", block)
	}
	h.await("app.log", "line 1", "line 2", "line 3")
	assert.Eventually(t, func() bool { return h.tailer.Stats().LagBytes == 0 }, eventually, tick, "what its program has to write is no lag")
}

func TestWholeLinesOfARecordAreSentAfterTheirTimeAndAnUnfinishedOneIsNot(t *testing.T) {
	t.Parallel()
	h := patient(t).multiline()
	h.append("app.log", "1 a\n  b\n  hal")
	h.start()
	h.await("app.log", "1 a\n  b")
	h.append("app.log", "f\n2 c\n")
	h.await("app.log", "1 a\n  b", "  half", "2 c")
}

func TestTheLastLineOfADeletedFileIsSentWithoutItsEnd(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.append("app.log", "line 1\nlast")
	h.start()
	h.await("app.log", "line 1")
	require.NoError(t, os.Remove(h.path("app.log")))
	h.await("app.log", "line 1", "last")
	assert.Eventually(t, func() bool { return h.tailer.Stats().Open == 0 }, eventually, tick)
}

func TestAStopThatDrainsSendsTheLastLineWithoutItsEnd(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.DrainFiles = true
	h.append("app.log", "line 1\nlast")
	h.start()
	h.await("app.log", "line 1")
	h.stop()
	assert.Equal(t, []string{"line 1", "last"}, h.records(h.path("app.log")))
}

func TestAnUnfinishedLineIsSentAfterItsOwnTime(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.options.Flush = records.Waits{Line: 20 * time.Millisecond}
	h.append("app.log", "line 1\nprompt>")
	h.start()
	h.await("app.log", "line 1", "prompt>")
}

// What follows a hole arrives at once, though the hole is far larger than what can be read.
func TestALargeHoleIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][2]string{"at the begin": {"", "after\n"}, "after a line": {"before\n", "after\n"}, "within a line": {"before\nhalf", "after\n"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const size = 1 << 40
			h := patient(t)
			h.append("app.log", text[0])
			if err := os.Truncate(h.path("app.log"), size); err != nil {
				t.Skipf("no file of %d bytes can be here: %v", int64(size), err)
			}
			h.append("app.log", text[1])
			h.start()
			want := strings.Fields(text[0] + "\n" + text[1])
			h.await("app.log", want...)
			h.settle()
			h.append("app.log", "more\n")
			h.await("app.log", append(want, "more")...)
			h.stop()
			h.start()
			h.append("app.log", "again\n")
			h.await("app.log", append(want, "more", "again")...)
			nuls := int64(0)
			for _, u := range h.unusual {
				nuls += u.NULs
			}
			assert.EqualValues(t, size-len(text[0]), nuls)
		})
	}
}

// A program may reserve room for its file, and write there.
func TestNULsAtTheEndWaitForWhatIsWrittenOverThem(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.Flush.Line = time.Hour
	h.append("app.log", "line 1\n"+strings.Repeat("\x00", 20_000))
	h.start()
	h.await("app.log", "line 1")
	f, err := os.OpenFile(h.path("app.log"), os.O_WRONLY, 0)
	require.NoError(t, err)
	at := int64(len("line 1\n"))
	for _, line := range []string{"line 2\n", "line 3\n"} {
		_, err = f.WriteAt([]byte(line), at)
		require.NoError(t, err)
		at += int64(len(line))
		h.await("app.log", wanted(1, int(at)/7)...)
	}
	require.NoError(t, f.Close())
	assert.Eventually(t, func() bool { return h.tailer.Stats().LagBytes == 0 }, eventually, tick)
	require.NoError(t, os.Remove(h.path("app.log")))
	assert.Eventually(t, func() bool { return h.tailer.Stats().Files == 0 }, eventually, tick, "its room on the disk is free")
	h.await("app.log", wanted(1, 3)...)
}

func TestArchivesAreLeftOutWhateverTheirName(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.append("app.log", lines(1, 3))
	h.append("app.log.1", zipped(t, lines(100, 200)))
	h.append("app.log.zst", "\x28\xb5\x2f\xfd\x04\x00\x41\x00\x00a\n\n\n")
	h.append("notes.gz", "line 1\n")
	h.start()
	h.await("app.log", wanted(1, 3)...)
	h.await("notes.gz", "line 1")
	h.settle()
	assert.Empty(t, h.records(h.path("app.log.1")))
	assert.Empty(t, h.records(h.path("app.log.zst")))
	var formats []source.Format
	for _, u := range h.unusual {
		formats = append(formats, u.LeftOut)
	}
	assert.ElementsMatch(t, []source.Format{source.Gzip, source.Zstd}, formats)
	// It is text from now on.
	require.NoError(t, os.WriteFile(h.path("app.log.zst"), []byte("line 7\n"), 0o600))
	h.await("app.log.zst", "line 7")
}

func TestAutoReadsWhatIsAnArchiveByItsFirstBytes(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.Compression = source.Auto
	h.append("other.1", zipped(t, lines(1, 2000)))
	h.append("plain.gz", lines(1, 3))
	h.start()
	h.await("other.1", wanted(1, 2000)...)
	h.await("plain.gz", wanted(1, 3)...)
	h.settle()
	h.stop()
	h.append("plain.gz", lines(4, 4))
	h.start()
	h.await("plain.gz", wanted(1, 4)...)
	h.settle()
	h.await("other.1", wanted(1, 2000)...)
}

func TestADamagedArchiveIsReadUpToTheDamageAndNotAgain(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.Compression = source.Auto
	first := zipped(t, lines(1, 3))
	h.append("a.gz", first+"\x1f\x8b\x08 this is no member")
	h.append("b.gz", first[:len(first)-8]+"12345678")
	h.start()
	h.await("a.gz", wanted(1, 3)...)
	h.await("b.gz", wanted(1, 3)...)
	h.settle()
	damaged := 0
	for _, u := range h.unusual {
		if u.Damage != nil {
			damaged++
		}
	}
	assert.Equal(t, 2, damaged)
}

// A gigabyte of zeros is a megabyte of gzip: it costs time, and no event.
func TestABombOfZerosIsLeftOut(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.Compression = source.Auto
	h.append("bomb.gz", zipped(t, "first\n")+zipped(t, strings.Repeat("\x00", 64<<20))+zipped(t, "\nlast"))
	h.start()
	h.await("bomb.gz", "first", "last")
	h.settle()
}

// What is left out of a record has no size: a record with it may be larger than what can be read at once.
func TestARecordThatIsLargerThanWhatCanBeReadAtOnceHoldsNothingUp(t *testing.T) {
	t.Parallel()
	h := patient(t)
	most := h.options.MaxRecordBytes
	h.append("app.log", strings.Repeat("\x00", 500)+strings.Repeat("a", most-300)+strings.Repeat("\x00", 400)+strings.Repeat("b", 10*most)+"\nlast\n")
	h.start()
	assert.Eventually(t, func() bool {
		all := h.records(h.path("app.log"))
		return len(all) > 0 && all[len(all)-1] == "last"
	}, eventually, tick)
	h.settle()
	all := strings.Join(h.records(h.path("app.log")), "")
	assert.Equal(t, strings.Repeat("a", most-300)+strings.Repeat("b", 10*most)+"last", strings.ReplaceAll(all, "\x00", ""))
}

// What a program has reserved at its file's end is still its own after a stop that reads files to their ends.
func TestAStopThatDrainsLeavesWhatIsReserved(t *testing.T) {
	t.Parallel()
	h := patient(t)
	h.options.DrainFiles, h.options.Drain = true, time.Minute
	h.append("app.log", "line 1\n"+strings.Repeat("\x00", 20_000))
	h.start()
	h.await("app.log", "line 1")
	began := time.Now()
	h.stop()
	assert.Less(t, time.Since(began), h.options.Drain, "the stop does not wait for it")
	f, err := os.OpenFile(h.path("app.log"), os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("line 2\n"), 7)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	h.start()
	h.await("app.log", wanted(1, 2)...)
}

func TestAHeaderIsLeftOutOnceAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	h := patient(t)
	s, err := records.New(records.Options{MaxBytes: h.options.MaxRecordBytes, HeaderLines: 2})
	require.NoError(t, err)
	h.options.Splitter = s
	h.append("app.csv", "name,")
	h.start()
	h.settle()
	h.append("app.csv", "size\nunits\nline 1\n")
	h.await("app.csv", "line 1")
	h.stop()
	h.append("app.csv", "line 2\n")
	h.start()
	h.append("app.csv", "line 3\n")
	h.await("app.csv", wanted(1, 3)...)
}
