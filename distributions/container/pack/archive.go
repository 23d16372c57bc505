package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageName is the image's, where a version stands behind it.
const imageName = "docker.io/otelcol-cloudwatch/otelcol-cloudwatch:"

// writeArchives writes the archive of all platforms, and one for each.
func writeArchives(out string, r release, collectors binaries) error {
	images, err := newImages(r, collectors)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version,
		"io.containerd.image.name":          imageName + r.version,
	})
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, b := range collectors {
		platform := v1.Platform{OS: b.os, Architecture: b.arch}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: images[i], Descriptor: v1.Descriptor{Platform: &platform}})
		err := writeArchive(strings.TrimSuffix(out, ".tar")+"-"+b.arch+".tar", r.moment, func(path layout.Path) error {
			return errors.Join(path.AppendImage(images[i], name, layout.WithPlatform(platform)), writeDockerManifest(string(path), r.version, images[i]))
		})
		if err != nil {
			return err
		}
	}
	// The index stands alone in the layout's own index, so that tools which take one image choose by platform.
	return writeArchive(out, r.moment, func(path layout.Path) error { return path.AppendIndex(index, name) })
}

// writeArchive writes an OCI image layout as one tar file.
func writeArchive(out string, moment time.Time, fill func(layout.Path) error) (err error) {
	folder, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := fill(path); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writeFolder(f, folder, moment)
}

// writeDockerManifest adds what Docker reads of an archive where it keeps images in its own store, which it does unless it
// was told to use containerd's, until Docker 29: it refuses a mere OCI layout ("blobs/json: no such file or directory", seen
// with 20.10). The file has no platforms, which is why the archive of all platforms has none.
func writeDockerManifest(folder, version string, image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	blob := func(d v1.Descriptor) string { return "blobs/" + d.Digest.Algorithm + "/" + d.Digest.Hex }
	one := struct {
		Config           string
		RepoTags, Layers []string
	}{Config: blob(manifest.Config), RepoTags: []string{imageName + version}}
	for _, l := range manifest.Layers {
		one.Layers = append(one.Layers, blob(l))
	}
	text, err := json.Marshal([]any{one})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "manifest.json"), text, 0o600)
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
