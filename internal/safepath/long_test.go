package safepath

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLongPathsOfWindows(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`folder\`, 40) + "app.log"
	slashed := strings.ReplaceAll(deep, `\`, "/")
	for path, want := range map[string]string{
		`C:\logs\app.log`:          `C:\logs\app.log`, // short
		`C:\` + deep:               `\\?\C:\` + deep,
		`C:/` + slashed:            `\\?\C:\` + deep,
		`\\server\share\` + deep:   `\\?\UNC\server\share\` + deep,
		`//server/share/` + deep:   `\\?\UNC\server\share\` + deep,
		`\\?\C:\` + deep:           `\\?\C:\` + deep, // already
		deep:                       deep,             // relative to a folder that is not known here
		`C:\a\..\` + deep:          `C:\a\..\` + deep,
		`C:` + deep:                `C:` + deep, // relative to the drive's folder
		`D:\with spaces\` + deep:   `\\?\D:\with spaces\` + deep,
		`D:\naïve\Ünïcödé\` + deep: `\\?\D:\naïve\Ünïcödé\` + deep,
	} {
		assert.Equal(t, want, Long(path), path)
	}
}
