package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const healthcheckHelp = `Asks the collector of this host, or of this container, whether it is well: its
health extension, which each shipped configuration has. The exit status is 0
where it is, and 1 otherwise, with the reason on the standard error. It is for
health checks of containers, where there is no shell.`

// healthcheckFlags are the command's.
type healthcheckFlags struct {
	endpoint string
	timeout  time.Duration
}

func newHealthcheckCommand() *cobra.Command {
	var f healthcheckFlags
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Says by its exit status whether the collector is well",
		Long:  healthcheckHelp,
		Example: `  otelcol-cloudwatch healthcheck
  otelcol-cloudwatch healthcheck --endpoint http://127.0.0.1:13134/ --timeout 2s`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	endpoint := os.Getenv("OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT")
	if endpoint == "" {
		endpoint = "127.0.0.1:13133"
	}
	cmd.Flags().StringVar(&f.endpoint, "endpoint", healthURL(endpoint), "of the health extension; default: OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 4*time.Second, "how long the answer may take")
	return cmd
}

// healthURL is where an endpoint, which is an address to listen at, is asked from the same host.
func healthURL(endpoint string) string {
	if strings.Contains(endpoint, "://") {
		return endpoint
	}
	for _, any := range []string{"0.0.0.0:", "[::]:", ":"} {
		if port, ok := strings.CutPrefix(endpoint, any); ok {
			endpoint = "127.0.0.1:" + port
			break
		}
	}
	return "http://" + endpoint + "/"
}

// maxHealth bounds what is read of an answer, in bytes.
const maxHealth = 4096

func (f *healthcheckFlags) run(ctx context.Context) error {
	u, err := url.Parse(f.endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--endpoint %q is no URL such as http://127.0.0.1:13133/", f.endpoint)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.endpoint, nil)
	if err != nil {
		return err
	}
	// No proxy: the collector is here.
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s has not answered in %s", f.endpoint, f.timeout)
	}
	if err != nil {
		return fmt.Errorf("nobody answers: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxHealth))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not well: %s: %s", answer.Status, strings.Join(strings.Fields(string(text)), " "))
	}
	return nil
}
