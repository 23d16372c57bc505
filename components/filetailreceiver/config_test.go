package filetailreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// load reads a configuration as the collector does.
func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	c := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(m).Unmarshal(c); err != nil {
		return nil, err
	}
	return c, c.Validate()
}

// TestKeysOfFileLogAreRead has the configuration of a file_log that somebody moves over.
func TestKeysOfFileLogAreRead(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
include: [/var/log/**/*.log, 'C:\logs\*.log']
exclude: [/var/log/private/*]
exclude_older_than: 24h
start_at: beginning
multiline: {line_start_pattern: '^\d{4}', omit_pattern: true}
force_flush_period: 2s
encoding: utf-16le
preserve_leading_whitespaces: true
preserve_trailing_whitespaces: true
include_file_name: false
include_file_path: true
include_file_name_resolved: true
include_file_path_resolved: true
include_file_owner_name: false
include_file_owner_group_name: false
include_file_record_number: true
include_file_record_offset: true
poll_interval: 500ms
fingerprint_size: 1kb
initial_buffer_size: 16KiB
max_log_size: 2MiB
max_concurrent_files: 100
max_batches: 2
delete_after_read: true
compression: auto
polls_to_archive: 3
attributes: {team: a}
resource: {service.name: b}
storage: state_storage
retry_on_failure: {enabled: true, initial_interval: 2s, max_interval: 10s, max_elapsed_time: 1m}
`)
	require.NoError(t, err)
	assert.Equal(t, []string{"/var/log/**/*.log", `C:\logs\*.log`}, c.Include)
	assert.EqualValues(t, 1000, c.FingerprintSize, "as file_log counts")
	assert.EqualValues(t, 2<<20, c.MaxLogSize)
	assert.Equal(t, 2*time.Second, c.Retry.InitialInterval)
	assert.ElementsMatch(t, []string{"initial_buffer_size", "max_batches", "polls_to_archive"}, c.FileLog.unneeded())
	o, err := c.tailer()
	require.NoError(t, err)
	assert.False(t, o.FromEnd)
	assert.True(t, o.Remove)
	assert.Equal(t, 100, o.MaxOpen)
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                                                                      `include has no pattern: name the files to read, such as /var/log/app/*.log`,
		`{include: ["[a"]}`:                                                       `include: "[a" is no pattern of paths`,
		`{include: [a], exclude_names: ["("]}`:                                    `exclude_names[0]: "(" is no regular expression`,
		`{include: [a], start_at: top}`:                                           `start_at: "top" is none of ["end" "beginning"]`,
		`{include: [a], on_truncate: ignore}`:                                     `on_truncate: ignore would lose what is written after a truncation: use read_whole_file or read_new`,
		`{include: [a], on_truncate: x}`:                                          `on_truncate: "x" is none of ["read_whole_file" "read_new"]`,
		`{include: [a], ordering: lax}`:                                           `ordering: "lax" is none of ["parallel" "strict"]`,
		`{include: [a], file_attributes: scope}`:                                  `file_attributes: "scope" is none of ["record" "resource"]`,
		`{include: [a], max_log_size_behavior: drop}`:                             `max_log_size_behavior: "drop" is none of ["split" "truncate"]`,
		`{include: [a], backpressure_mode: drop}`:                                 `backpressure_mode: "drop" is none of ["" "fd_release"]`,
		`{include: [a], start_at: beginning, compression: zstd}`:                  `compression: "zstd" is none of ["" "gzip" "auto"]`,
		`{include: [a], compression: gzip}`:                                       `compression: compressed files have no end to begin at: set start_at: beginning`,
		`{include: [a], delete_after_read: true}`:                                 `delete_after_read: with start_at: end, files would be removed that were never read: set start_at: beginning`,
		`{include: [a], follow_links: {into: [logs]}}`:                            `follow_links::into: "logs" is not the absolute path of a folder below the root: use one such as /srv/releases`,
		`{include: [a], follow_links: {owners: [""]}}`:                            `follow_links::owners: one is empty: use the name or the number of a user`,
		`{include: [a], fingerprint_size: 10}`:                                    `fingerprint_size: 10 is not between 16 and 1048576`,
		`{include: [a], max_log_size: 1GiB}`:                                      `max_log_size: 1073741824 is not between 16 and 134217728`,
		`{include: [a], max_log_size: lots}`:                                      `lots`,
		`{include: [a], chunk_size: 1}`:                                           `chunk_size: 1 is not between 4096 and 134217728`,
		`{include: [a], max_in_flight: 1}`:                                        `max_in_flight: 1 is not between 131072 and`,
		`{include: [a], max_concurrent_files: 0}`:                                 `max_concurrent_files: 0 is not between 1 and 1048576`,
		`{include: [a], poll_interval: 0s}`:                                       `poll_interval: 0s is not above 0`,
		`{include: [a], flush_interval: -1s}`:                                     `flush_interval: -1s is below 0`,
		`{include: [a], force_flush_period: -1s}`:                                 `force_flush_period: -1s is below 0`,
		`{include: [a], drain_timeout: -1s}`:                                      `drain_timeout: -1s is below 0`,
		`{include: [a], exclude_older_than: -1s}`:                                 `exclude_older_than: -1s is below 0`,
		`{include: [a], encoding: klingon}`:                                       `encoding: "klingon" is no encoding that is known here: use an IANA name such as utf-8`,
		`{include: [a], multiline: {line_start_pattern: "(", }}`:                  `multiline::line_start_pattern: "(" is no regular expression`,
		`{include: [a], multiline: {line_start_pattern: a, line_end_pattern: b}}`: `multiline: line_start_pattern and line_end_pattern exclude each other: remove one`,
		`{include: [a], filters: [{type: only, expression: a}]}`:                  `filters[0].type: "only" is neither include nor exclude`,
		`{include: [a], filters: [{type: include, expression: "("}]}`:             `filters[0].expression: "(" is no regular expression`,
		`{include: [a], timestamp: {layout: ""}}`:                                 `timestamp: `,
		`{include: [a], timestamp: {layout: "%Q"}}`:                               `timestamp: the layout`,
		`{include: [a], timestamp: {layout: "%Y", location: Mars/Olympus}}`:       `timestamp: location: "Mars/Olympus" is no time zone that is known here: use UTC, Local or an IANA name such as Europe/Vienna`,
		`{include: [a], timestamp: {layout: "%Y", offset: -1}}`:                   `timestamp: offset: -1 is below 0`,
		`{include: [a], timestamp: {layout: "%Y", field: a, search: true}}`:       `timestamp: field, pattern, offset and search each say where the time stands: keep one of them`,
		`{include: [a], timestamp: {layout: "%Y", field: time, trim: true}}`:      `timestamp: trim: without its field "time" the record would not be JSON any more: remove trim`,
		`{include: [a], timestamp: {layout: "%Y", field: a..b}}`:                  `timestamp: field "a..b" has an empty name`,
		`{include: [a], operators: [{type: json_parser}]}`:                        `operators: file_tail does not have it: use file_log, or a processor such as transform`,
		`{include: [a], header: {pattern: "("}}`:                                  `header::pattern: "(" is no regular expression`,
		`{include: [a], header: {pattern: "#*"}}`:                                 `header::pattern: "#*" matches the empty text, so it would leave out all lines: make it longer`,
		`{include: [a], header: {lines: -1}}`:                                     `header::lines: -1 is not between 0 and 1000`,
		`{include: [a], header: {pattern: "^#", metadata_operators: [{}]}}`:       `header::metadata_operators: file_tail leaves out the lines of a header, and does not parse them: remove it, or use file_log`,
		`{include: [a], line_ending: crlf}`:                                       `line_ending: "crlf" is none of ["lf" "cr"]`,
		`{include: [a], line_ending: cr, encoding: nop}`:                          `line_ending: cr needs text: remove it, or the encoding nop`,
		`{include: [a], unfinished_line_timeout: -1s}`:                            `unfinished_line_timeout: -1s is below 0`,
		`{include: [a], ordering_criteria: {top_n: 1}}`:                           `ordering_criteria: file_tail does not have it: newest_only reads the newest file`,
		`{include: [a], acquire_fs_lock: true}`:                                   `acquire_fs_lock: file_tail does not have it: use file_log`,
		`{include: [a], includes: [b]}`:                                           `includes`,
	} {
		_, err := load(t, text)
		assert.ErrorContains(t, err, want, text)
	}
	_, err := load(t, `{include: [a], acquire_fs_lock: false, operators: }`)
	assert.NoError(t, err, "what is not asked for is not refused")
}

// TestAllThatIsWrongIsNamedAtOnce spares a second try.
func TestAllThatIsWrongIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, `{start_at: top, ordering: lax, filters: [{type: x}]}`)
	for _, want := range []string{"include", "start_at", "ordering", "filters[0]"} {
		assert.ErrorContains(t, err, want)
	}
}
