package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// commandLineToArgv splits a command line as CommandLineToArgvW does. The program's name has rules of its own:
// it ends at the next quotation mark, or at white space, and backslashes are nothing special in it.
func commandLineToArgv(line string) []string {
	var args []string
	if rest, quoted := strings.CutPrefix(line, `"`); quoted {
		name, after, _ := strings.Cut(rest, `"`)
		args, line = append(args, name), after
	} else {
		i := strings.IndexAny(line+" ", " \t")
		args, line = append(args, line[:i]), line[i:]
	}
	for {
		if line = strings.TrimLeft(line, " \t"); line == "" {
			return args
		}
		var word strings.Builder
		quoted := false
		for line != "" {
			n := len(line) - len(strings.TrimLeft(line, `\`))
			after := line[n:]
			switch {
			case strings.HasPrefix(after, `"`):
				word.WriteString(strings.Repeat(`\`, n/2))
				line = after[1:]
				switch {
				case n%2 == 1:
					word.WriteByte('"')
				case quoted && strings.HasPrefix(line, `"`): // two within quotes are one
					word.WriteByte('"')
					line = line[1:]
				default:
					quoted = !quoted
				}
				continue
			case n > 0:
				word.WriteString(line[:n])
				line = after
				continue
			}
			if !quoted && (line[0] == ' ' || line[0] == '\t') {
				break
			}
			word.WriteByte(line[0])
			line = line[1:]
		}
		args = append(args, word.String())
	}
}

func TestCommandLinesAreSplitAsMicrosoftDocumentsIt(t *testing.T) {
	for line, want := range map[string][]string{
		`x "a b c" d e`:          {"x", "a b c", "d", "e"},
		`x "ab\"c" "\\" d`:       {"x", `ab"c`, `\`, "d"},
		`x a\\\b d"e f"g h`:      {"x", `a\\\b`, "de fg", "h"},
		`x a\\\"b c d`:           {"x", `a\"b`, "c", "d"},
		`x a\\\\"b c" d e`:       {"x", `a\\b c`, "d", "e"},
		`"C:\a b\x.exe" "C:\d\"`: {`C:\a b\x.exe`, `C:\d"`}, // the mistake to avoid
		`x`:                      {"x"},
	} {
		assert.Equal(t, want, commandLineToArgv(line), line)
	}
}

// resolve puts directories into a formatted text, with the backslash at their ends that Windows Installer gives them.
func resolve(text, configDir string) string {
	return strings.ReplaceAll(text, "[ConfigDir]", configDir+`\`)
}

func TestTheServicesArgumentsAreReadAsTheyAreMeant(t *testing.T) {
	for _, dir := range []string{`C:\ProgramData\otelcol-cloudwatch`, `D:\Program Data\of all users\otelcol-cloudwatch`} {
		// Windows Installer puts the program's path before them, in quotation marks where it has spaces.
		line := `"C:\Program Files\otelcol-cloudwatch\otelcol-cloudwatch.exe" ` + resolve(defaultArguments, dir)
		assert.Equal(t, []string{
			`C:\Program Files\otelcol-cloudwatch\otelcol-cloudwatch.exe`,
			"--config", dir + `\windows.yaml`,
			"--config", "dir:" + dir + `\config.d?optional=true`,
		}, commandLineToArgv(line))
	}
}

func TestCommandsOfTheInstallerAreReadAsTheyAreMeant(t *testing.T) {
	d := &database{}
	commands := map[string][]string{}
	for _, r := range d.actions().rows {
		target := resolve(r[3], `C:\Program Data\otelcol-cloudwatch`)
		commands[r[0]] = commandLineToArgv(strings.ReplaceAll(target, "[System64Folder]", `C:\Windows\System32\`))
	}
	assert.Equal(t, []string{`C:\Windows\System32\sc.exe`, "failure", serviceName,
		"reset=", "3600", "actions=", "restart/5000/restart/30000/restart/300000"}, commands["SetRecovery"])
	// cmd.exe takes what follows /c as it stands, its backslash and quotation mark included.
	d.version = "1.2.3"
	for _, r := range d.actions().rows {
		if r[0] == "Purge" {
			assert.True(t, strings.HasSuffix(r[3], `cmd.exe" /d /c rmdir /s /q "[ConfigDir]"`), r[3])
		}
	}
}
