package cli

import (
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awsaccess"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/reload"
	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

// serviceFiles are what runs with a Windows service's rights.
type serviceFiles struct {
	program string
	// trees are folders that are the service's alone, with everything in them.
	trees []string
	// folders are those whose files are read, files those that are read themselves.
	folders, files []string
}

// newServiceFiles finds them in the arguments after the program's name, and in the service's environment.
func newServiceFiles(program string, args []string, env func(string) string) serviceFiles {
	own := programData(env) + `\otelcol-cloudwatch`
	f := serviceFiles{program: program, trees: []string{own}}
	if dir := env(reload.StateVariable); dir != "" {
		f.trees = append(f.trees, dir)
	} else {
		f.trees = append(f.trees, own+`\state`)
	}
	for _, uri := range parseArgs(args).configs {
		path, folder := winaccess.LocalPath(uri)
		switch {
		case path == "":
		case folder:
			f.folders = append(f.folders, path)
		default:
			f.files = append(f.files, path)
		}
	}
	if path, _ := winaccess.LocalPath(env(awsaccess.Variable)); path != "" {
		f.files = append(f.files, path)
	}
	// The first two may name programs (credential_process), the last one whom TLS trusts.
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE"} {
		if path := env(variable); path != "" {
			f.files = append(f.files, path)
		}
	}
	return f
}

func programData(env func(string) string) string {
	if dir := env("ProgramData"); dir != "" {
		return strings.TrimRight(dir, `\`)
	}
	return `C:\ProgramData`
}

// state is the folder that the service writes in.
func (f serviceFiles) state() string { return f.trees[1] }
