package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestServiceChecksEveryFileThatRunsWithItsRights(t *testing.T) {
	env := func(set map[string]string) func(string) string { return func(name string) string { return set[name] } }
	f := newServiceFiles(`C:\p\x.exe`, []string{
		"--config", `C:\ProgramData\otelcol-cloudwatch\windows.yaml`, "--config", `dir:C:\ProgramData\otelcol-cloudwatch\config.d?optional=true`,
		"--config=file:D:/more.yaml", "--config", "ssm:/fleet/windows", "--set", "a=b",
	}, env(nil))
	assert.Equal(t, serviceFiles{
		program: `C:\p\x.exe`,
		trees:   []string{`C:\ProgramData\otelcol-cloudwatch`, `C:\ProgramData\otelcol-cloudwatch\state`},
		folders: []string{`C:\ProgramData\otelcol-cloudwatch\config.d`},
		files:   []string{`C:\ProgramData\otelcol-cloudwatch\windows.yaml`, "D:/more.yaml"},
	}, f)

	f = newServiceFiles("x", []string{"--config", "ssm:/x"}, env(map[string]string{
		"ProgramData": `E:\Data\`, "OTELCOL_CLOUDWATCH_STATE_DIR": `F:\state`, "OTELCOL_CLOUDWATCH_ROUTES": `file:E:\routes.yaml`,
		"AWS_CONFIG_FILE": `E:\aws\config`, "AWS_SHARED_CREDENTIALS_FILE": "NUL",
	}))
	assert.Equal(t, []string{`E:\Data\otelcol-cloudwatch`, `F:\state`}, f.trees, "the last known good configuration is in the state")
	assert.Equal(t, []string{`E:\routes.yaml`, `E:\aws\config`, "NUL"}, f.files, "a profile may name a program")
	assert.Equal(t, `F:\state`, f.state())
}
