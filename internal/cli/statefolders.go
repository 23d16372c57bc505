package cli

import (
	"context"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/safepath"
)

// stateFolders closes the folders in which the collector keeps its state to what reads log files. It changes nothing of the
// configuration.
type stateFolders struct{}

func newStateFolders() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return stateFolders{} })
}

func (stateFolders) Convert(_ context.Context, conf *confmap.Conf) error {
	safepath.Protect(reload.DefaultStateDir())
	extensions, _ := conf.Get("extensions").(map[string]any)
	for id, settings := range extensions {
		kind, _, _ := strings.Cut(id, "/")
		if !strings.HasSuffix(kind, "_storage") && !strings.HasSuffix(kind, "storage") {
			continue
		}
		if keys, ok := settings.(map[string]any); ok {
			protectFolders(keys)
		}
	}
	return nil
}

// protectFolders closes what stands under directory, also of compaction.
func protectFolders(keys map[string]any) {
	for key, value := range keys {
		switch value := value.(type) {
		case string:
			if key == "directory" {
				safepath.Protect(value)
			}
		case map[string]any:
			protectFolders(value)
		}
	}
}
