package doctor

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
)

// What stands in a configuration may be of any type: the collector itself says what is wrong with one.
// What is not of the type that is asked for counts as absent.

func table(m map[string]any, key string) map[string]any {
	t, _ := m[key].(map[string]any)
	return t
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int, int64, uint64, float64: // an environment variable with digits alone
		return fmt.Sprint(v)
	}
	return ""
}

// texts is a list, or one value that stands for a list.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		if one := text(v); one != "" {
			return []string{one}
		}
		return nil
	}
	var all []string
	for _, item := range list {
		if s := text(item); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func flag(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		on, err := strconv.ParseBool(v)
		return on && err == nil
	}
	return false
}

func number(v any) uint64 {
	switch v := v.(type) {
	case int:
		return uint64(max(v, 0))
	case int64:
		return uint64(max(v, 0))
	case uint64:
		return v
	case float64:
		if v > 0 && v < math.MaxInt64 {
			return uint64(v)
		}
	case string:
		n, err := strconv.ParseUint(v, 10, 64)
		if err == nil {
			return n
		}
	}
	return 0
}

// defaultStore is file_storage's own default.
func defaultStore() string {
	if runtime.GOOS == "windows" {
		return `C:\ProgramData\Otelcol\FileStorage`
	}
	return "/var/lib/otelcol/file_storage"
}
