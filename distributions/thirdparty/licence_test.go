package thirdparty

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moduleCache makes a module cache with one module, example.com/Tool@v1.0.0, and these files.
func moduleCache(t *testing.T, files map[string]string) (Sources, Module) {
	t.Helper()
	cache := t.TempDir()
	for name, text := range files {
		path := filepath.Join(cache, "example.com", "!tool@v1.0.0", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return Sources{cache: cache, goroot: cache}, Module{Path: "example.com/Tool", Version: "v1.0.0"}
}

const isc = `Copyright (c) 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
`

const agpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero General
Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any
later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU Affero General Public License for more
details.

You should have received a copy of the GNU Affero General Public License along with this program. If not, see
<https://www.gnu.org/licenses/>.
`

func TestLicencesAndNoticesOfAModuleAreFoundWhereverTheyStand(t *testing.T) {
	sources, m := moduleCache(t, map[string]string{
		"LICENSE": isc, "NOTICE.txt": "made by Somebody", "internal/fork/LICENSE.md": isc, "license.go": "package tool",
		"testdata/LICENSE": "all rights reserved", "LICENSE.docs": "terms of documents",
	})
	l, err := sources.License(m)
	require.NoError(t, err)
	assert.Equal(t, []string{"ISC"}, l.Licences)
	var names []string
	for _, text := range l.Texts {
		names = append(names, text.Name)
	}
	assert.Equal(t, []string{"LICENSE", "NOTICE.txt", "internal/fork/LICENSE.md"}, names)
}

func TestModuleThatMayNotBePassedOnIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no licence":          {map[string]string{"README.md": "a tool"}, "example.com/Tool@v1.0.0 has no licence file that is recognised (files: none)"},
		"unknown terms":       {map[string]string{"LICENSE": "ask Somebody"}, "(files: LICENSE)"},
		"a part of it alone":  {map[string]string{"internal/fork/LICENSE": isc}, "(files: internal/fork/LICENSE)"},
		"terms that spread":   {map[string]string{"LICENSE": agpl}, "AGPL-3.0"},
		"not in module cache": {nil, "run 'go mod download'"},
	} {
		t.Run(name, func(t *testing.T) {
			sources, m := moduleCache(t, c.files)
			_, err := sources.License(m)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// make test names the folder of the collector; what is released is linked from the same modules.
func TestEverythingThatIsLinkedIntoTheCollectorMayBePassedOn(t *testing.T) {
	bin := os.Getenv("OTELCOL_CLOUDWATCH_BIN")
	if bin == "" {
		t.Skip("OTELCOL_CLOUDWATCH_BIN is not set: run make test")
	}
	for _, program := range []string{"otelcol-cloudwatch", "cloudwatch-local"} {
		info, err := buildinfo.ReadFile(filepath.Join(bin, program))
		require.NoError(t, err)
		modules := Modules(info)
		licensed, err := License(modules)
		require.NoError(t, err)
		assert.Len(t, licensed, len(modules))
		for _, l := range licensed {
			assert.NotEmpty(t, l.Licences, l.Path)
		}
	}
}
