package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/winaccess"
)

// checkProcess checks what this process, a service, is about to read. Folders that are missing are made first: another
// user could make them in C:\ProgramData, and would own them.
func checkProcess(service string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	account, err := winaccess.Account()
	if err != nil {
		return err
	}
	f := newServiceFiles(program, os.Args[1:], os.Getenv)
	for _, dir := range f.trees {
		if err := winaccess.MakeFolder(dir, winaccess.StateSDDL(service)); err != nil {
			return err
		}
	}
	return f.check(winaccess.NewTrusted(service, account, winaccess.LocalAdministrator()))
}

// check finds what somebody else could change.
func (f serviceFiles) check(t winaccess.Trusted) error {
	var all []error
	all = append(all, t.File(f.program), t.Folder(filepath.Dir(f.program)))
	for _, dir := range f.trees {
		all = append(all, t.Tree(dir))
	}
	for _, dir := range f.folders {
		all = append(all, t.Folder(dir))
	}
	for _, file := range f.files {
		all = append(all, t.File(file))
	}
	seen := map[string]bool{}
	var different []error
	for _, err := range all {
		if err != nil && !seen[err.Error()] { // a folder may be named in several ways
			seen[err.Error()] = true
			different = append(different, err)
		}
	}
	if err := errors.Join(different...); err != nil {
		return fmt.Errorf("what the service reads could be changed by other users:\r\n%w", err)
	}
	return nil
}
