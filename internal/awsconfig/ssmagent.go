package awsconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// ssmAgentFiles are where the SSM Agent writes credentials, the likeliest first. getenv and goos are
// those of the machine.
//
// The agent runs as root or SYSTEM and writes to that user's home, or to where
// AWS_SHARED_CREDENTIALS_FILE leads; to its own folder with Default Host Management Configuration.
func ssmAgentFiles(configured []string, getenv func(string) string, goos string) []string {
	if len(configured) > 0 {
		return configured
	}
	if file := getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
		return []string{file}
	}
	switch goos {
	case "windows":
		root := cmp.Or(getenv("SystemRoot"), `C:\Windows`)
		return []string{root + `\System32\config\systemprofile\.aws\credentials`}
	case "darwin":
		return []string{"/var/root/.aws/credentials"}
	}
	return []string{"/root/.aws/credentials", "/var/lib/amazon/ssm/credentials"}
}

// ssmAgent reads the keys of a profile from the first file that has them.
type ssmAgent struct {
	files   []string
	profile string
}

func newSSMAgent(c Credentials) ssmAgent {
	return ssmAgent{
		files:   ssmAgentFiles(c.SharedCredentialsFile, os.Getenv, runtime.GOOS),
		profile: cmp.Or(c.Profile, config.DefaultSharedConfigProfile),
	}
}

func (s ssmAgent) load(ctx context.Context, _ *fetched, _ bool) (fetched, error) {
	var tried []string
	for _, file := range s.files {
		f, err := keysOf(ctx, file, s.profile)
		if err == nil {
			return f, nil
		}
		tried = append(tried, err.Error())
	}
	return fetched{}, fmt.Errorf("no credentials of the SSM Agent (%s); check that the machine's hybrid activation is registered "+
		"and the agent runs, that this user may read the file, or set credentials::shared_credentials_file", strings.Join(tried, "; "))
}

// keysOf reads a profile's keys from one file. The error names file and profile.
func keysOf(ctx context.Context, file, profile string) (fetched, error) {
	if _, err := readFile(file); err != nil { // the SDK takes a file that it cannot read for an empty one
		if errors.Is(err, os.ErrNotExist) {
			return fetched{}, fmt.Errorf("%s does not exist", file)
		}
		return fetched{}, err
	}
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{file}, []string{}
	})
	var unknown config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &unknown):
		return fetched{}, fmt.Errorf("%s has no profile %q", file, profile)
	case err != nil:
		return fetched{}, fmt.Errorf("%s: %w", file, err)
	}
	if err := incomplete(shared.Credentials); err != nil {
		return fetched{}, fmt.Errorf("%s, profile %q: %w", file, profile, err)
	}
	return fetched{Credentials: shared.Credentials, file: file}, nil
}
