package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

// keysFromFile is how the SDK marks keys that stood in a shared file; the path follows.
const keysFromFile = "SharedConfigCredentials: "

// sharedFiles are the files that the SDK's chain, or the source profile, reads.
func (b *builder) sharedFiles() []string { return b.config.Credentials.sharedFiles() }

func (c Credentials) sharedFiles() []string {
	shared, configuration := c.SharedCredentialsFile, c.ConfigFile
	if len(shared) == 0 {
		if file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
			shared = []string{file}
		} else {
			shared = config.DefaultSharedCredentialsFiles
		}
	}
	files := append([]string{}, shared...)
	if configuration == "" {
		configuration = os.Getenv("AWS_CONFIG_FILE")
	}
	if configuration == "" {
		return append(files, config.DefaultSharedConfigFiles...)
	}
	return append(files, configuration)
}

// profile reads the profile in use.
func (b *builder) profile(ctx context.Context) (config.SharedConfig, error) {
	files := b.sharedFiles()
	last := len(files) - 1
	return config.LoadSharedConfigProfile(ctx, profileName(b.config.Credentials), func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = files[:last], files[last:]
	})
}

// loadProfile reads the profile anew and fetches what it leads to.
func (b *builder) loadProfile(ctx context.Context, last *fetched, strict bool) (fetched, error) {
	name := profileName(b.config.Credentials)
	shared, err := b.profile(ctx)
	if err != nil {
		return fetched{}, fmt.Errorf("%w: profile %q: %w; looked in %s", errNoCredentials, name, err, b.filesState())
	}
	if !hasCredentials(shared) {
		return fetched{}, fmt.Errorf("%w: profile %q has neither keys nor another way to get them (credential_process, role_arn, sso_session, …); looked in %s",
			errNoCredentials, name, b.filesState())
	}
	return b.loadChain(ctx, last, strict)
}

// filesState names the shared files, and what is wrong with them.
func (b *builder) filesState() string {
	files := b.sharedFiles()
	for i, file := range files {
		switch _, err := readFile(file); {
		case errors.Is(err, os.ErrNotExist):
			files[i] += " (does not exist)"
		case err != nil:
			files[i] += " (" + err.Error() + ")"
		}
	}
	return strings.Join(files, ", ")
}

// hasCredentials tells whether a profile says how to get credentials. Without, the SDK would go on to
// the container and the instance.
func hasCredentials(s config.SharedConfig) bool {
	return s.Credentials.HasKeys() || s.Source != nil || s.CredentialSource != "" || s.WebIdentityTokenFile != "" ||
		s.SSOSession != nil || s.SSOStartURL != "" || s.LoginSession != "" || s.CredentialProcess != ""
}

// loadChain builds the SDK's chain anew and fetches from it.
func (b *builder) loadChain(ctx context.Context, last *fetched, strict bool) (fetched, error) {
	if strict && strings.HasPrefix(last.Source, keysFromFile) {
		// A file that is being written must not make the instance's role take over.
		if shared, err := b.profile(ctx); err != nil {
			return fetched{}, err
		} else if !hasCredentials(shared) {
			return fetched{}, errGone
		}
	}
	options := append(b.common[:len(b.common):len(b.common)],
		config.WithRegion(b.plain.Region),
		config.WithHTTPClient(b.unrouted), // sendThrough sends
		withAPIOption(sendThrough(b.plain.HTTPClient)),
		config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 0 }), // the layer has its own
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = instanceMetadata(b.plain, b.metadata) }),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.APIOptions, o.HTTPClient = nil, b.metadata }),
		config.WithWebIdentityRoleCredentialOptions(func(o *stscreds.WebIdentityRoleOptions) { o.Client = b.stsClient(nil) }),
		config.WithAssumeRoleCredentialOptions(b.endpointOfSTS),
	)
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return fetched{}, fmt.Errorf("%w: %w", errNoCredentials, err)
	}
	c, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return fetched{}, fmt.Errorf("%w: %w; set credentials::source to the one that you mean, to see what it lacks", errNoCredentials, withoutSecrets(err))
	}
	return fetched{Credentials: c}, nil
}

func withAPIOption(option func(*middleware.Stack) error) func(*config.LoadOptions) error {
	return func(o *config.LoadOptions) error {
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], option)
		return nil
	}
}

// endpointOfSTS makes a profile's role_arn use the endpoint that is set for STS. The SDK builds that
// client before it has looked at AWS_ENDPOINT_URL.
func (b *builder) endpointOfSTS(o *stscreds.AssumeRoleOptions) {
	client, ok := o.Client.(*sts.Client)
	if !ok {
		return // the SDK tries the options on nothing first
	}
	options := client.Options()
	if options.BaseEndpoint == nil {
		options.BaseEndpoint = b.plain.BaseEndpoint
	}
	b.ends.set(sts.ServiceID, &options)
	o.Client = sts.New(options)
}
