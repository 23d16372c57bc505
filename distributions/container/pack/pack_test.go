package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const epoch = 1767225600 // 2026-01-01

// packed writes an image of two made-up programs, and returns the archive's path.
func packed(t *testing.T) string {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", strconv.Itoa(epoch))
	d := t.TempDir()
	for _, arch := range []string{"amd64", "arm64"} {
		require.NoError(t, os.WriteFile(filepath.Join(d, arch), []byte("the program for "+arch), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(d, noticesName), []byte("what is linked into it"), 0o600))
	out := filepath.Join(d, "dist", "image.tar")
	require.NoError(t, pack([]string{
		"-version", "1.2.3", "-revision", "abc", "-out", out,
		"-binary", "linux/amd64=" + filepath.Join(d, "amd64"), "-binary", "linux/arm64=" + filepath.Join(d, "arm64"),
	}))
	return out
}

// extracted is the folder that an archive becomes.
func extracted(t *testing.T, archive string) string {
	t.Helper()
	folder := t.TempDir()
	f, err := os.Open(archive)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return folder
		}
		require.NoError(t, err)
		assert.True(t, h.ModTime.Equal(time.Unix(epoch, 0)), h.Name)
		path := filepath.Join(folder, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
}

// unpacked are the images of an archive, by platform, as any tool for OCI layouts sees them.
func unpacked(t *testing.T, archive string) map[string]v1.Image {
	t.Helper()
	folder := extracted(t, archive)
	outer, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	manifest, err := outer.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	assert.Equal(t, "1.2.3", manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	index, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	require.NoError(t, validate.Index(index))
	all, err := index.IndexManifest()
	require.NoError(t, err)
	images := map[string]v1.Image{}
	for _, m := range all.Manifests {
		image, err := index.Image(m.Digest)
		require.NoError(t, err)
		images[m.Platform.String()] = image
	}
	return images
}

// tree is what a container of an image sees.
func tree(t *testing.T, image v1.Image) (headers map[string]*tar.Header, texts map[string]string) {
	t.Helper()
	headers, texts = map[string]*tar.Header{}, map[string]string{}
	layers, err := image.Layers()
	require.NoError(t, err)
	for _, l := range layers {
		text, err := l.Uncompressed()
		require.NoError(t, err)
		for r := tar.NewReader(text); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			content, err := io.ReadAll(r)
			require.NoError(t, err)
			headers[h.Name], texts[h.Name] = h, string(content)
		}
		require.NoError(t, text.Close())
	}
	return headers, texts
}

func TestTheImageHasWhatAContainerNeedsAndNoMore(t *testing.T) {
	images := unpacked(t, packed(t))
	require.Len(t, images, 2)
	for _, arch := range []string{"amd64", "arm64"} {
		image := images["linux/"+arch]
		require.NotNil(t, image, arch)
		headers, texts := tree(t, image)
		assert.Equal(t, "the program for "+arch, texts["usr/bin/otelcol-cloudwatch"])
		assert.EqualValues(t, 0o755, headers["usr/bin/otelcol-cloudwatch"].Mode)
		assert.Equal(t, "what is linked into it", texts["usr/share/doc/otelcol-cloudwatch/THIRD_PARTY_NOTICES.txt"])
		assert.EqualValues(t, 0o1777, headers["tmp/"].Mode)
		state := headers["var/lib/otelcol-cloudwatch/"]
		assert.EqualValues(t, 0o770, state.Mode)
		assert.Equal(t, []int{10001, 0}, []int{state.Uid, state.Gid}, "root without capabilities writes by its group")
		for _, name := range []string{"host.yaml", "kubernetes.yaml", "layers/otlp.yaml", "routes/private-vif.yaml", "credentials/profile.yaml"} {
			assert.Contains(t, texts, "etc/otelcol-cloudwatch/"+name)
		}
		assert.NotContains(t, texts, "etc/otelcol-cloudwatch/windows.yaml")
		for name, h := range headers {
			assert.True(t, h.ModTime.Equal(time.Unix(epoch, 0)), name)
			if name != "var/lib/otelcol-cloudwatch/" {
				assert.Zero(t, h.Uid, "%s is the user's: it could be changed", name)
			}
		}
	}
}

func TestHowAContainerRuns(t *testing.T) {
	image := unpacked(t, packed(t))["linux/arm64"]
	file, err := image.ConfigFile()
	require.NoError(t, err)
	c := file.Config
	assert.Equal(t, "arm64", file.Architecture)
	assert.Equal(t, []string{"/usr/bin/otelcol-cloudwatch"}, c.Entrypoint)
	assert.Equal(t, []string{"--config", "/etc/otelcol-cloudwatch/host.yaml"}, c.Cmd)
	assert.Equal(t, "10001:10001", c.User)
	assert.Contains(t, c.Env, "PATH=/usr/bin", "health checks name the program alone")
	assert.Contains(t, c.Volumes, "/var/lib/otelcol-cloudwatch")
	assert.Equal(t, []string{"CMD", "/usr/bin/otelcol-cloudwatch", "healthcheck"}, c.Healthcheck.Test)
	assert.Equal(t, "1.2.3", c.Labels["org.opencontainers.image.version"])
	assert.Equal(t, "abc", c.Labels["org.opencontainers.image.revision"])
}

// TestTheContainerfileRunsItTheSameWay compares what Containerfile says with what pack writes.
func TestTheContainerfileRunsItTheSameWay(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "Containerfile"))
	require.NoError(t, err)
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key != "#" {
			said[key] = value
		}
	}
	file, err := unpacked(t, packed(t))["linux/amd64"].ConfigFile()
	require.NoError(t, err)
	c := file.Config
	list := func(values []string) string { return `["` + strings.Join(values, `", "`) + `"]` }
	h := c.Healthcheck
	assert.Equal(t, map[string]string{
		"FROM": "scratch", "COPY": said["COPY"],
		"ENTRYPOINT": list(c.Entrypoint), "CMD": list(c.Cmd), "USER": c.User, "WORKDIR": c.WorkingDir, "STOPSIGNAL": c.StopSignal,
		"ENV": strings.Join(c.Env, " "), "VOLUME": strings.Join(slices.Collect(maps.Keys(c.Volumes)), " "),
		"HEALTHCHECK": fmt.Sprintf("--interval=%.0fs --timeout=%.0fs --start-period=%.0fs --retries=%d CMD %s",
			h.Interval.Seconds(), h.Timeout.Seconds(), h.StartPeriod.Seconds(), h.Retries, list(h.Test[1:])),
	}, said)
}

func TestCertificatesAreThoseOfPublicAuthorities(t *testing.T) {
	var names []string
	for rest := []byte(certificates()); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		names = append(names, c.Subject.CommonName)
	}
	assert.Greater(t, len(names), 80)
	for _, amazon := range []string{"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4"} {
		assert.True(t, slices.Contains(names, amazon), amazon)
	}
}

// TestOnePlatformIsInBothFormats: OCI's, and the one that Docker's own store takes.
func TestOnePlatformIsInBothFormats(t *testing.T) {
	all := packed(t)
	for _, arch := range []string{"amd64", "arm64"} {
		folder := extracted(t, forOne(all, arch))
		index, err := layout.ImageIndexFromPath(folder)
		require.NoError(t, err)
		require.NoError(t, validate.Index(index))
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 1)
		assert.Equal(t, "linux/"+arch, manifest.Manifests[0].Platform.String())
		assert.Equal(t, "docker.io/otelcol-cloudwatch/otelcol-cloudwatch:1.2.3", manifest.Manifests[0].Annotations["io.containerd.image.name"])
		image, err := index.Image(manifest.Manifests[0].Digest)
		require.NoError(t, err)
		want, err := unpacked(t, all)["linux/"+arch].Digest()
		require.NoError(t, err)
		got, err := image.Digest()
		require.NoError(t, err)
		assert.Equal(t, want, got, "it is the image that the archive of all platforms has")

		version, err := name.NewTag("otelcol-cloudwatch/otelcol-cloudwatch:1.2.3")
		require.NoError(t, err)
		docker, err := tarball.ImageFromPath(forOne(all, arch), &version)
		require.NoError(t, err)
		_, texts := tree(t, docker)
		assert.Equal(t, "the program for "+arch, texts["usr/bin/otelcol-cloudwatch"])
		config, err := docker.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, arch, config.Architecture)
	}
	assert.NoFileExists(t, filepath.Join(extracted(t, all), "manifest.json"), "it cannot say which image is for which platform")
}

func forOne(archive, arch string) string {
	return strings.TrimSuffix(archive, ".tar") + "-" + arch + ".tar"
}

func TestTheSameBytesEachTime(t *testing.T) {
	first, second := packed(t), packed(t)
	for _, archives := range [][2]string{{first, second}, {forOne(first, "amd64"), forOne(second, "amd64")}, {forOne(first, "arm64"), forOne(second, "arm64")}} {
		a, err := os.ReadFile(archives[0])
		require.NoError(t, err)
		b, err := os.ReadFile(archives[1])
		require.NoError(t, err)
		assert.True(t, bytes.Equal(a, b), archives[0])
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	require.ErrorContains(t, pack([]string{"-version", "1"}), "-version, -out and -binary are needed")
	require.ErrorContains(t, pack([]string{"-binary", "amd64"}), "is not OS/ARCH=FILE")
	require.ErrorContains(t, pack([]string{"-version", "1", "-out", "x", "-binary", "linux/amd64=y"}), "SOURCE_DATE_EPOCH")
	require.ErrorContains(t, pack([]string{"-version", "1.2.3+4", "-out", "x", "-binary", "linux/amd64=y"}), `"1.2.3+4" cannot be an image's tag`)
	t.Setenv("SOURCE_DATE_EPOCH", "1")
	require.ErrorIs(t, pack([]string{"-version", "1", "-out", "x", "-binary", "linux/amd64=" + filepath.Join(t.TempDir(), "absent")}), os.ErrNotExist)
}
