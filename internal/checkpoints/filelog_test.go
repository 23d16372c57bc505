package checkpoints

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// inMemory is a storage extension.
type inMemory struct {
	component.StartFunc
	component.ShutdownFunc
	*memory
}

// GetClient implements storage.Extension.
func (e inMemory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return e.memory, nil
}

// host has a storage extension.
type host struct {
	component.Host
	extension component.Component
}

// GetExtensions implements component.Host.
func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("memory"): h.extension}
}

// runFileLog has file_log read a folder until it delivered so many records.
func runFileLog(t *testing.T, m *memory, folder string, records int, settings map[string]any) {
	t.Helper()
	factory := filelogreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"include": []any{filepath.Join(folder, "*")}, "start_at": "beginning", "storage": "memory", "poll_interval": "10ms", "force_flush_period": "0s",
	}).Unmarshal(config))
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(config))
	sink := &consumertest.LogsSink{}
	r, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(factory.Type()), config, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), host{componenttest.NewNopHost(), inMemory{memory: m}}))
	assert.Eventually(t, func() bool { return sink.LogRecordCount() >= records }, time.Minute, 10*time.Millisecond)
	require.NoError(t, r.Shutdown(context.Background()))
	assert.Equal(t, records, sink.LogRecordCount())
}

func TestOffsetsThatFileLogWrites(t *testing.T) {
	t.Parallel()
	folder, m := t.TempDir(), newMemory()
	short, long := filepath.Join(folder, "a.log"), filepath.Join(folder, "b.log")
	begin, lines := "first line\nsecond line\n", strings.Repeat("a line of a file which is longer than the head\n", 100)
	require.NoError(t, os.WriteFile(short, []byte(begin+"a line"), 0o600))
	require.NoError(t, os.WriteFile(long, []byte(lines), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "empty.log"), nil, 0o600))
	runFileLog(t, m, folder, 102, map[string]any{"include_file_path": true})
	inLong := Checkpoint{Path: long, Offset: int64(len(lines)), Records: 100, Head: MarkOf([]byte(lines[:1000]))}
	assert.Equal(t, []Checkpoint{
		{Path: short, Offset: int64(len(begin)), Records: 2, Head: MarkOf([]byte(begin + "a line"))},
		inLong,
	}, ofFileLog(t, m))

	ended := begin + "a line which has ended\n"
	require.NoError(t, os.WriteFile(short, []byte(ended), 0o600))
	runFileLog(t, m, folder, 1, map[string]any{"include_file_path": true})
	assert.Equal(t, []Checkpoint{{Path: short, Offset: int64(len(ended)), Records: 3, Head: MarkOf([]byte(ended))}, inLong}, ofFileLog(t, m))
}

func TestFileLogKeepsNoPathByDefault(t *testing.T) {
	t.Parallel()
	folder, m := t.TempDir(), newMemory()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.log"), []byte("line\n"), 0o600))
	runFileLog(t, m, folder, 1, nil)
	assert.Equal(t, []Checkpoint{{Offset: 5, Records: 1, Head: MarkOf([]byte("line\n"))}}, ofFileLog(t, m))
}

func ofFileLog(t *testing.T, m *memory) []Checkpoint {
	t.Helper()
	all, err := OfFileLog(t.Context(), m)
	require.NoError(t, err)
	Sort(all)
	return all
}

// fileLogJSON was written by file_log with the gate filelog.protobufCheckpointEncoding switched off, as versions before
// 0.148 write it; an empty file was added.
const fileLogJSON = `3
{"Fingerprint":{"first_bytes":"YSBsb25nZXIgbGluZQo="},"Offset":14,"RecordNum":1,"FileAttributes":{"log.file.name":"b.log","log.file.path":"/var/log/b.log"},"HeaderFinalized":false,"FlushState":{"LastDataChange":"2026-11-23T14:27:45.23217463Z","LastDataLength":0},"TokenLenState":{"MinimumLength":0},"FileType":"","TruncateSkipping":false}
{"Fingerprint":{"first_bytes":null},"Offset":0,"RecordNum":0,"FileAttributes":{},"HeaderFinalized":false,"FlushState":{"LastDataChange":"0001-01-01T00:00:00Z","LastDataLength":0},"TokenLenState":{"MinimumLength":0},"FileType":"","TruncateSkipping":false}
{"Fingerprint":{"first_bytes":"Zmlyc3QgbGluZQpzZWNvbmQgbGluZQpub3QgZW5k"},"Offset":23,"RecordNum":2,"FileAttributes":{"log.file.name":"a.log","log.file.path":"/var/log/a.log"},"HeaderFinalized":false,"FlushState":{"LastDataChange":"2026-11-23T14:27:45.232137561Z","LastDataLength":0},"TokenLenState":{"MinimumLength":7},"FileType":"","TruncateSkipping":false}
`

// fileLogProtobuf is of the files of fileLogJSON.
var fileLogProtobuf = field('\n', field('\n', field('\n', "a longer line\n"))+"\x10\x0e\x18\x01"+
	field('"', `{"log.file.name":"b.log","log.file.path":"/var/log/b.log"}`)+field('2', "\x08\xd6\x8e\xa6\x88\xd6\xdb\xac\xf5\x18")+field(':', "")) +
	field('\n', field('\n', "")+field('2', "")+field(':', "")) +
	field('\n', field('\n', field('\n', "first line\nsecond line\nnot end"))+"\x10\x17\x18\x02"+
		field('"', `{"log.file.name":"a.log","log.file.path":"/var/log/a.log"}`)+field('2', "\x08\x8d\xb2\xa4\x88\xd6\xdb\xac\xf5\x18")+field(':', "\x08\x07"))

// field is one with a text.
func field(tag byte, text string) string {
	return string(append(binary.AppendUvarint([]byte{tag}, uint64(len(text))), text...))
}

func TestBothFormatsOfFileLog(t *testing.T) {
	t.Parallel()
	for _, text := range []string{fileLogJSON, fileLogProtobuf} {
		assert.Equal(t, []Checkpoint{
			{Path: "/var/log/a.log", Offset: 23, Records: 2, Head: MarkOf([]byte("first line\nsecond line\nnot end"))},
			{Path: "/var/log/b.log", Offset: 14, Records: 1, Head: MarkOf([]byte("a longer line\n"))},
		}, ofFileLog(t, &memory{values: map[string][]byte{fileLogKey: []byte(text)}}))
	}
}

func TestNothingOfFileLog(t *testing.T) {
	t.Parallel()
	assert.Empty(t, ofFileLog(t, newMemory()))
	for _, nothing := range []string{"", "0\n", "\n\x00", "\n\x04\n\x00:\x00"} {
		assert.Empty(t, ofFileLog(t, &memory{values: map[string][]byte{fileLogKey: []byte(nothing)}}), "%q", nothing)
	}
	_, err := OfFileLog(t.Context(), broken{newMemory()})
	require.ErrorIs(t, err, errBroken)
}

func TestGarbageIsNotOfFileLog(t *testing.T) {
	t.Parallel()
	garbage := []string{"garbage", "1\ngarbage", "1", "2\n{}", "1.5", "1\n[]", "99999999999999999999", "{}", "[]", "null", "\x00", "\n", "\n\xff", "\n\x02\n\xff", "\x12\x00", "\n\x05\"\x03{{{", "\n\x02\x0b\x00"}
	for n := range len(fileLogJSON) - 1 { // but for the last line's end
		if n > 0 {
			garbage = append(garbage, fileLogJSON[:n])
		}
	}
	for _, text := range garbage {
		m := &memory{values: map[string][]byte{fileLogKey: []byte(text)}}
		all, err := OfFileLog(t.Context(), m)
		require.Error(t, err, "%q", text)
		assert.ErrorContains(t, err, "the value of file_input.knownFiles is not what file_log writes")
		assert.Empty(t, all)
	}
}

func TestACutListOfFileLogNeverHasOtherFiles(t *testing.T) {
	t.Parallel()
	whole, err := parseFileLog([]byte(fileLogProtobuf))
	require.NoError(t, err)
	for n := range len(fileLogProtobuf) {
		all, err := parseFileLog([]byte(fileLogProtobuf[:n]))
		if err != nil {
			assert.Empty(t, all)
		} else {
			assert.Equal(t, whole[:len(all)], append([]Checkpoint{}, all...), "protobuf has no count: a list may end with any file")
		}
	}
}

func FuzzFileLog(f *testing.F) {
	f.Add([]byte(fileLogJSON))
	f.Add([]byte(fileLogProtobuf))
	f.Add([]byte("\n\x09\x09\x01\x02\x03\x04\x05\x06\x07\x08"))
	f.Add([]byte("\n\x05\x0d\x01\x02\x03\x04"))
	f.Add([]byte("-1\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := OfFileLog(t.Context(), &memory{values: map[string][]byte{fileLogKey: text}})
		if err != nil {
			assert.Empty(t, all)
		}
		for _, c := range all {
			assert.GreaterOrEqual(t, c.Offset, int64(0))
			assert.Positive(t, c.Head.Bytes)
		}
	})
}
