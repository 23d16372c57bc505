package checkpoints

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/protofields"
)

// fileLogKey is where file_log keeps its offsets: the name of its input, and a word.
const fileLogKey = "file_input.knownFiles"

// OfFileLog reads the offsets that file_log keeps in its storage. They have no identity: a file is recognised by its
// first bytes.
func OfFileLog(ctx context.Context, client storage.Client) ([]Checkpoint, error) {
	text, err := client.Get(ctx, fileLogKey)
	if err != nil || text == nil {
		return nil, err
	}
	all, err := parseFileLog(text)
	if err != nil {
		return nil, fmt.Errorf("the value of %s is not what file_log writes: %w", fileLogKey, err)
	}
	return all, nil
}

// parseFileLog reads protobuf, which file_log writes since 0.148, or the JSON of before, which begins with a count.
func parseFileLog(text []byte) ([]Checkpoint, error) {
	if len(text) > 0 && '0' <= text[0] && text[0] <= '9' {
		return parseFileLogJSON(text)
	}
	return parseFileLogProtobuf(text)
}

// fileLogFile is what file_log knows of a file.
type fileLogFile struct {
	Fingerprint struct {
		FirstBytes []byte `json:"first_bytes"`
	}
	Offset         int64
	RecordNum      int64
	FileAttributes map[string]any
}

// appendTo adds the file, unless it is an empty one.
func (f fileLogFile) appendTo(all []Checkpoint) []Checkpoint {
	if len(f.Fingerprint.FirstBytes) == 0 || f.Offset < 0 {
		return all
	}
	path, _ := f.FileAttributes["log.file.path"].(string) // only include_file_path has it
	return append(all, Checkpoint{Path: path, Offset: f.Offset, Records: f.RecordNum, Head: MarkOf(f.Fingerprint.FirstBytes)})
}

// parseFileLogJSON reads a count, and then an object for each file.
func parseFileLogJSON(text []byte) (all []Checkpoint, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	var count int
	if err := d.Decode(&count); err != nil {
		return nil, err
	}
	for range count {
		var one fileLogFile
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
		all = one.appendTo(all)
	}
	return all, nil
}

// parseFileLogProtobuf reads the MetadataList of fileconsumer/internal/checkpoint/proto, a package that only its own
// module can import.
func parseFileLogProtobuf(text []byte) (all []Checkpoint, err error) {
	err = protofields.Each(text, func(number protowire.Number, _ uint64, file []byte) error {
		if number != 1 || file == nil {
			return fmt.Errorf("a list of files has no field %d", number)
		}
		var one fileLogFile
		err := protofields.Each(file, func(number protowire.Number, value uint64, text []byte) error {
			switch number {
			case 1:
				return protofields.Each(text, func(number protowire.Number, _ uint64, text []byte) error {
					if number == 1 {
						one.Fingerprint.FirstBytes = text
					}
					return nil
				})
			case 2:
				one.Offset = int64(value)
			case 3:
				one.RecordNum = int64(value)
			case 4:
				return json.Unmarshal(text, &one.FileAttributes)
			}
			return nil
		})
		all = one.appendTo(all)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
