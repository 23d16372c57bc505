package files

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/layers"
)

func create(t *testing.T, f confmap.ProviderFactory) layers.Provider {
	t.Helper()
	p, ok := f.Create(confmaptest.NewNopProviderSettings()).(layers.Provider)
	require.True(t, ok)
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(context.Background())) })
	return p
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestSchemes(t *testing.T) {
	t.Parallel()
	for _, f := range []confmap.ProviderFactory{NewFileFactory(), NewDirFactory()} {
		p := create(t, f)
		require.NoError(t, confmaptest.ValidateProviderScheme(p))
		for _, uri := range []string{"", "https://", p.Scheme(), p.Scheme() + ":"} {
			_, err := p.Retrieve(t.Context(), uri, nil)
			assert.Error(t, err, uri)
			_, err = p.RetrieveLayers(t.Context(), uri, nil)
			assert.Error(t, err, uri)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.Retrieve(ctx, p.Scheme()+":/x", nil)
		assert.ErrorIs(t, err, context.Canceled)
		require.NoError(t, p.Shutdown(t.Context()))
		_, err = p.Retrieve(t.Context(), p.Scheme()+":/x", nil)
		assert.ErrorContains(t, err, "has been shut down")
	}
}

// A file gives what the collector's own provider makes of it.
func TestAFileIsReadAsTheCollectorDoes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	stock := fileprovider.NewFactory().Create(confmaptest.NewNopProviderSettings())
	p := create(t, NewFileFactory())
	for i, text := range []string{"a: {b: 1}\n", "", "just text\n", "[1, 2]", "42", "in: valid: yaml", "0700", "a: '${env:X}'", "\xef\xbb\xbfa: 1"} {
		name := fmt.Sprintf("%d.yaml", i)
		path := write(t, filepath.Join(dir, "sub", name), text)
		for _, uri := range []string{"file:" + path, "file:" + filepath.Join("sub", name), "file:./sub/../sub/" + name} {
			want, err := stock.Retrieve(t.Context(), uri, nil)
			require.NoError(t, err)
			got, err := p.Retrieve(t.Context(), uri, nil)
			require.NoError(t, err)
			wantRaw, err := want.AsRaw()
			require.NoError(t, err)
			gotRaw, err := got.AsRaw()
			require.NoError(t, err)
			assert.Equal(t, wantRaw, gotRaw)
			wantString, wantErr := want.AsString()
			gotString, gotErr := got.AsString()
			assert.Equal(t, wantString, gotString)
			assert.Equal(t, wantErr, gotErr)
			require.NoError(t, got.Close(t.Context()))
		}
		all, err := p.RetrieveLayers(t.Context(), "file:sub/"+name, nil)
		require.NoError(t, err)
		assert.Equal(t, []layers.Layer{{Name: filepath.Join("sub", name), Text: []byte(text)}}, all.Layers)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, d := create(t, NewFileFactory()), create(t, NewDirFactory())
	retrieve := func(p layers.Provider, uri string) error {
		t.Helper()
		_, err := p.RetrieveLayers(t.Context(), uri, nil)
		require.Error(t, err)
		return err
	}
	err := retrieve(p, "file:"+filepath.Join(dir, "absent.yaml"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, filepath.Join(dir, "absent.yaml"))
	assert.ErrorContains(t, err, "create it, or correct the path")
	assert.ErrorContains(t, retrieve(p, "file:absent.yaml"), "which is relative to ")
	assert.ErrorContains(t, retrieve(p, "file:"+dir), "it is a folder; name it with dir:"+dir)

	huge := write(t, filepath.Join(dir, "huge"), "")
	require.NoError(t, os.Truncate(huge, MaxSize+1))
	assert.ErrorContains(t, retrieve(p, "file:"+huge), "more than the 16 MiB")

	err = retrieve(d, "dir:"+filepath.Join(dir, "absent"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "create it, or append ?optional=true")
	assert.ErrorContains(t, retrieve(d, "dir:"+huge), "it is a file; name it with file:"+huge)
	assert.ErrorContains(t, retrieve(d, "dir:"+dir+"?recursive=true"), "there is optional=true or optional=false")
	assert.ErrorContains(t, retrieve(d, "dir:"+dir+"?optional=perhaps"), "there is optional=true or optional=false")
	assert.ErrorContains(t, retrieve(d, "dir:"+dir+"?%zz"), "is no option")
	assert.ErrorContains(t, retrieve(d, "dir:?optional=true"), "no path before")

	full := filepath.Join(dir, "full")
	for i := range MaxFiles + 1 {
		write(t, filepath.Join(full, fmt.Sprintf("%d.yaml", i)), "")
	}
	assert.ErrorContains(t, retrieve(d, "dir:"+full), "it has 1001 files, and 1000 are read at most")
	fat := filepath.Join(dir, "fat")
	for _, name := range []string{"a.yaml", "b.yaml"} {
		require.NoError(t, os.Truncate(write(t, filepath.Join(fat, name), ""), MaxSize/2+1))
	}
	assert.ErrorContains(t, retrieve(d, "dir:"+fat), "b.yaml: it has more than the 16 MiB")
}

func TestPermissionErrorsNameWhoMayRead(t *testing.T) {
	t.Parallel()
	err := explain("/etc/x.yaml", &fs.PathError{Op: "open", Path: "/etc/x.yaml", Err: fs.ErrPermission})
	assert.ErrorIs(t, err, fs.ErrPermission)
	assert.ErrorContains(t, err, "cannot read /etc/x.yaml: permission denied; let the user that this process runs as read it")
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may read everything")
	}
	path := write(t, filepath.Join(t.TempDir(), "x.yaml"), "a: 1")
	require.NoError(t, os.Chmod(path, 0))
	_, err = create(t, NewFileFactory()).RetrieveLayers(t.Context(), "file:"+path, nil)
	assert.ErrorContains(t, err, "its mode is ----------")
}

func TestAFolderIsItsYAMLFilesInNameOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"20-b.yaml": "a: {x: 2}", "10-a.yml": "a: {x: 1, y: 1}", "30.YAML": "a: {z: 3}", ".hidden.yaml": "[", "x.yaml.bak": "[", "x.yaml~": "[",
		"README.md": "[", "folder.yaml/x.yaml": "[", "outside/real": "a: {link: true}",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	names := []string{"10-a.yml", "20-b.yaml", "30.YAML"}
	if err := os.Symlink(filepath.Join("outside", "real"), filepath.Join(dir, "40-link.yaml")); err == nil {
		names = append(names, "40-link.yaml")
	}
	d := create(t, NewDirFactory())
	got, err := d.RetrieveLayers(t.Context(), "dir:"+dir, nil)
	require.NoError(t, err)
	var found []string
	for _, l := range got.Layers {
		found = append(found, strings.TrimPrefix(l.Name, dir+string(filepath.Separator)))
	}
	assert.Equal(t, names, found)

	r, err := d.Retrieve(t.Context(), "dir:"+dir, nil)
	require.NoError(t, err)
	conf, err := r.AsConf()
	require.NoError(t, err)
	assert.Equal(t, 2, conf.Get("a::x"))
	assert.Equal(t, 1, conf.Get("a::y"))
	assert.Equal(t, 3, conf.Get("a::z"))

	write(t, filepath.Join(dir, "50.yaml"), "a: [")
	_, err = d.Retrieve(t.Context(), "dir:"+dir, func(*confmap.ChangeEvent) {})
	assert.ErrorContains(t, err, "50.yaml:1")
}

func TestAnEmptyFolderIsNoLayers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := create(t, NewDirFactory())
	for _, uri := range []string{"dir:" + dir, "dir:" + dir + "?optional=false", "dir:" + filepath.Join(dir, "absent") + "?optional=true"} {
		got, err := d.RetrieveLayers(t.Context(), uri, nil)
		require.NoError(t, err)
		assert.Empty(t, got.Layers)
		r, err := d.Retrieve(t.Context(), uri, nil)
		require.NoError(t, err)
		conf, err := r.AsConf()
		require.NoError(t, err)
		assert.Empty(t, conf.AllKeys())
	}
}

func TestALinkToNothingIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("absent", filepath.Join(dir, "x.yaml")); err != nil {
		t.Skip(err)
	}
	_, err := create(t, NewDirFactory()).RetrieveLayers(t.Context(), "dir:"+dir+"?optional=true", nil)
	assert.ErrorContains(t, err, "it is a link to absent, which is not there: mend or remove it")
}

func FuzzDirURI(f *testing.F) {
	for _, seed := range []string{"/etc/x", `C:\x`, "/x?optional=true", "?", "/x?optional=", "/x?a=b&c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, opaque string) {
		path, _, err := parseDir(opaque)
		assert.Equal(t, err != nil, path == "")
	})
}
