package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// release is what the image says of itself.
type release struct {
	version, revision string
	moment            time.Time
}

func (r release) labels() map[string]string {
	const source = "https://github.com/otelcol-cloudwatch/otelcol-cloudwatch"
	return map[string]string{
		"org.opencontainers.image.title":         "otelcol-cloudwatch",
		"org.opencontainers.image.description":   "OpenTelemetry Collector for Amazon CloudWatch",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.source":        source,
		"org.opencontainers.image.documentation": source + "/blob/main/docs/deploying/container.md",
		"org.opencontainers.image.version":       r.version,
		"org.opencontainers.image.revision":      r.revision,
		"org.opencontainers.image.created":       r.moment.Format(time.RFC3339),
	}
}

// newImages are the images of binaries, in their order.
func newImages(r release, collectors binaries) ([]v1.Image, error) {
	entries, err := system()
	if err != nil {
		return nil, err
	}
	common, err := newLayer(entries, r.moment)
	if err != nil {
		return nil, err
	}
	images := make([]v1.Image, len(collectors))
	for i, b := range collectors {
		if images[i], err = newImage(r, b, common); err != nil {
			return nil, err
		}
	}
	return images, nil
}

func newImage(r release, b binary, common v1.Layer) (v1.Image, error) {
	entries, err := program(b.path)
	if err != nil {
		return nil, err
	}
	own, err := newLayer(entries, r.moment)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range []struct {
		layer v1.Layer
		what  string
	}{{common, "certificates, user, configurations"}, {own, "otelcol-cloudwatch " + r.version}} {
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: l.layer, MediaType: types.OCILayer,
			History: v1.History{Created: v1.Time{Time: r.moment}, CreatedBy: l.what},
		})
		if err != nil {
			return nil, err
		}
	}
	return mutate.ConfigFile(image, configFile(image, r, b))
}

// configFile is how a container of the image runs where nothing else is said.
func configFile(image v1.Image, r release, b binary) *v1.ConfigFile {
	c, err := image.ConfigFile()
	if err != nil {
		c = &v1.ConfigFile{} // of an image that was put together here it is there
	}
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Created = b.os, b.arch, v1.Time{Time: r.moment}
	c.Config = v1.Config{
		Entrypoint: []string{"/" + programPath},
		Cmd:        []string{"--config", "/" + configPath + "/host.yaml"},
		User:       "10001:10001",
		WorkingDir: "/",
		Env:        []string{"PATH=/usr/bin", "HOME=/" + statePath},
		Volumes:    map[string]struct{}{"/" + statePath: {}},
		Labels:     r.labels(),
		StopSignal: "SIGTERM",
		Healthcheck: &v1.HealthConfig{
			Test:        []string{"CMD", "/" + programPath, "healthcheck"},
			Interval:    30 * time.Second,
			Timeout:     5 * time.Second,
			StartPeriod: 30 * time.Second,
			Retries:     3,
		},
	}
	return c
}

func newLayer(entries []entry, moment time.Time) (v1.Layer, error) {
	text, err := archive(entries, moment)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	return tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
}
