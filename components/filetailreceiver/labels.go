package filetailreceiver

import (
	"path/filepath"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/files"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/components/filetailreceiver/internal/tail"
)

// Attributes of a file, as OpenTelemetry names them.
const (
	fileName         = "log.file.name"
	filePath         = "log.file.path"
	fileNameResolved = "log.file.name_resolved"
	filePathResolved = "log.file.path_resolved"
	fileOwner        = "log.file.owner.name"
	fileGroup        = "log.file.owner.group.name"
	filePermissions  = "log.file.permissions"
	recordNumber     = "log.file.record_number"
	recordOffset     = "log.file.record_offset"
)

// labels are what the records of one file have in common.
type labels struct {
	resource, record pcommon.Map
	times            times
	known            bool // a chunk of the file was read
}

// labels are made once for each file.
func (r *tailReceiver) labels(c *tail.Chunk) *labels {
	if l, ok := (*c.Labels).(*labels); ok {
		return l
	}
	l := &labels{resource: pcommon.NewMap(), record: pcommon.NewMap()}
	*c.Labels = l
	for key, value := range r.config.Resource {
		l.resource.PutStr(key, value)
	}
	for key, value := range r.config.Attributes {
		l.record.PutStr(key, value)
	}
	to := l.record
	if r.config.FileAttributes == resource {
		to = l.resource
	}
	put := func(wanted bool, key, value string) {
		if wanted {
			to.PutStr(key, value)
		}
	}
	put(r.config.IncludeFileName, fileName, filepath.Base(c.Path))
	put(r.config.IncludeFilePath, filePath, c.Path)
	if r.config.IncludeFileNameResolved || r.config.IncludeFilePathResolved {
		put(r.config.IncludeFileNameResolved, fileNameResolved, filepath.Base(c.File.Resolved))
		put(r.config.IncludeFilePathResolved, filePathResolved, c.File.Resolved)
	}
	if r.config.IncludeFileOwnerName || r.config.IncludeFileOwnerGroupName || r.config.IncludeFilePermissions {
		owner, group, permissions := files.Owner(c.File)
		put(r.config.IncludeFileOwnerName, fileOwner, owner)
		put(r.config.IncludeFileOwnerGroupName, fileGroup, group)
		put(r.config.IncludeFilePermissions, filePermissions, permissions)
	}
	return l
}
