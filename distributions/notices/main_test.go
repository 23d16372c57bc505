package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/distributions/thirdparty"
)

func TestEachModuleIsNamedAndEachTextStandsOnce(t *testing.T) {
	self, err := os.Executable() // a test is a Go program, too
	require.NoError(t, err)
	var first, second bytes.Buffer
	require.NoError(t, run(&first, []string{self}, false))
	require.NoError(t, run(&second, []string{self, self}, false))
	assert.Equal(t, first.String(), second.String(), "the same bytes, and a module of two programs once")
	assert.Contains(t, first.String(), "\nstdlib 1.")
	assert.Contains(t, first.String(), "\ngolang.org/x/mod v")
	assert.Contains(t, first.String(), "Redistributions in binary form must reproduce the above")
}

func TestSameTextOfTwoModulesStandsOnceBelowBothNames(t *testing.T) {
	text := thirdparty.Text{Name: "LICENSE", Body: "do what you like", Licences: []string{"MIT"}}
	module := func(path string) thirdparty.Licensed {
		return thirdparty.Licensed{Module: thirdparty.Module{Path: path, Version: "v1.0.0"}, Licences: text.Licences, Texts: []thirdparty.Text{text}}
	}
	var out bytes.Buffer
	writeNotices(&out, []thirdparty.Licensed{module("example.com/a"), module("example.com/b")})
	assert.Equal(t, 1, strings.Count(out.String(), text.Body))
	assert.Contains(t, out.String(), "example.com/a/LICENSE\nexample.com/b/LICENSE\n")
	assert.Contains(t, out.String(), "example.com/a v1.0.0: MIT\nexample.com/b v1.0.0: MIT\n")

	out.Reset()
	writeSummary(&out, []thirdparty.Licensed{module("example.com/a"), module("example.com/b")})
	assert.Equal(t, "   2  MIT\n", out.String())
}
