package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/listeners"
)

const healthcheckHelp = `Asks the collector of this host, or of this container, whether it is well: its
health extension, which each shipped configuration has. The exit status is 0
where it is, and 1 otherwise, with the reason on the standard error. It is for
health checks of containers, where there is no shell.

On Linux it does not believe what another user says who has the address: it takes
the answer of root, of its own user, and of the state folder's owner.`

// healthcheckFlags are the command's.
type healthcheckFlags struct {
	endpoint string
	timeout  time.Duration
	users    []int // who may be the collector
}

func newHealthcheckCommand() *cobra.Command {
	f := healthcheckFlags{users: collectorUsers()}
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
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout %s leaves no time for an answer; give one such as 4s", f.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.endpoint, nil)
	if err != nil {
		return err
	}
	var asked string // the address that the name stands for
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { asked = i.Conn.RemoteAddr().String() },
	}))
	// No proxy: the collector is here.
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s has not answered in %s", f.endpoint, f.timeout)
	}
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // it has the address twice otherwise
		}
		return fmt.Errorf("nobody answers at %s: %w; does the collector run? --endpoint names another address", f.endpoint, err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxHealth))
	if ofThisHost(asked) {
		if err := trusted(asked, listeners.Of, f.users); err != nil {
			return err
		}
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not well: %s: %s", answer.Status, strings.Join(strings.Fields(string(text)), " "))
	}
	return nil
}

// trusted refuses the answer of somebody else who has the collector's address: any local user can take a port before the
// collector does. Where the system does not say who listens, as for another host, the answer is taken.
func trusted(address string, owner func(string) (listeners.Owner, bool), users []int) error {
	o, ok := owner(address)
	if !ok || len(users) == 0 || slices.Contains(users, o.UID) {
		return nil
	}
	return fmt.Errorf("%s answers, but that is %s and not the collector, which runs as uid %s: its answer says nothing; "+
		"stop what has the address, or configure another one in OTELCOL_CLOUDWATCH_HEALTH_ENDPOINT", address, o, joinInts(users, " or "))
}

// ofThisHost reports whether an address is one of this host's.
func ofThisHost(address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	if at.Addr().Unmap().IsLoopback() {
		return true
	}
	all, _ := net.InterfaceAddrs() // none: the answer is taken
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr() == at.Addr().Unmap()
	})
}

func joinInts(numbers []int, separator string) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, separator)
}
