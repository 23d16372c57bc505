package safepath

import "strings"

// maxPath is MAX_PATH of Windows without the end, in UTF-16 code units; a name of 8.3 has to fit in, too.
const maxPath = 247

// Long is a path of Windows in the form which has no limit of length, if it needs that.
func Long(path string) string {
	if len(path) < maxPath || strings.HasPrefix(path, `\\?\`) || strings.Contains(path, "/../") || strings.Contains(path, `\..\`) {
		return path
	}
	path = strings.ReplaceAll(path, "/", `\`)
	if share, ok := strings.CutPrefix(path, `\\`); ok {
		return `\\?\UNC\` + share
	}
	if len(path) > 2 && path[1] == ':' && path[2] == '\\' {
		return `\\?\` + path
	}
	return path
}
