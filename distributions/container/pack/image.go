package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
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

// newIndex is an index of one image for each binary.
func newIndex(r release, collectors binaries) (v1.ImageIndex, error) {
	entries, err := system()
	if err != nil {
		return nil, err
	}
	common, err := newLayer(entries, r.moment)
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range collectors {
		image, err := newImage(r, b, common)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.os, Architecture: b.arch}},
		})
	}
	return index, nil
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

// writeArchive writes an OCI image layout as one tar file. The index stands alone in the layout's own index, so that tools
// which take one image choose by platform.
func writeArchive(out, version string, index v1.ImageIndex, moment time.Time) (err error) {
	folder, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": version,
		"io.containerd.image.name":          "docker.io/otelcol-cloudwatch/otelcol-cloudwatch:" + version,
	})
	if err := path.AppendIndex(index, name); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writeFolder(f, folder, moment)
}

// writeFolder writes a folder's files in the order of their names.
func writeFolder(w io.Writer, root string, moment time.Time) error {
	out := tar.NewWriter(w)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, ModTime: moment, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
		if d.IsDir() {
			header.Name, header.Mode, header.Typeflag = header.Name+"/", 0o755, tar.TypeDir
			return out.WriteHeader(header)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		header.Size = info.Size()
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, f)
		return errors.Join(err, f.Close())
	})
	return errors.Join(err, out.Close())
}
