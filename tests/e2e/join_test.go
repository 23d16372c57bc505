package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

// The layer that distributions/aws/cloud-init/join.sh writes outside AWS: our exporters have the keys of the SSM Agent's
// file by it, and no variable is needed.
func TestLayerOfHybridActivationDelivers(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(root, "distributions", "aws", "cloud-init", "join.sh"))
	require.NoError(t, err)
	_, layer, ok := strings.Cut(string(script), "<<LAYER\n")
	require.True(t, ok)
	layer, _, ok = strings.Cut(layer, "\nLAYER\n")
	require.True(t, ok)

	server := awslocal.Serve(t, awslocal.Options{})
	w := newWriter(t, "app.log")
	w.append(10)
	s := newSetup(t, server, w.path)
	keys := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(keys, []byte("[default]\naws_access_key_id="+s.env["AWS_ACCESS_KEY_ID"]+"\naws_secret_access_key="+s.env["AWS_SECRET_ACCESS_KEY"]+"\n"), 0o600))
	delete(s.env, "AWS_ACCESS_KEY_ID")
	delete(s.env, "AWS_SECRET_ACCESS_KEY")
	layer = strings.ReplaceAll(layer, "$AWS_REGION", s.env["AWS_REGION"])
	layer = strings.ReplaceAll(layer, "[/root/.aws/credentials, /var/lib/amazon/ssm/credentials]", "["+keys+"]")
	// Above it the way to the local CloudWatch, which is no route to AWS.
	s.configs = append(s.configs, "yaml:"+layer, "yaml:extensions::endpoint_routing::endpoints: {logs: "+server.URL+"}")
	collector := s.startHealthy()
	await(t, "the lines", func() bool { return counted(server) == 10 })
	await(t, "metrics", func() bool { return len(server.Metrics.Status().Series) > 0 })
	collector.stop()
}
