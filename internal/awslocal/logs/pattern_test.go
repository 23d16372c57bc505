package logs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal/wire"
)

func TestFilterPatterns(t *testing.T) {
	const document = `{"level":"error","status":503,"ratio":0.5,"user":{"name":"ada","tags":["x",7]},"ok":true,"gone":null,"a.b":1,"big":12345678901234567890}`
	tests := []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"  ", "anything", true},
		{"ERROR", "[ERROR 400] BAD REQUEST", true},
		{"ERROR", "error", false},
		{"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
		{"ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false},
		{`"INTERNAL SERVER ERROR"`, "[ERROR 500] INTERNAL SERVER ERROR", true},
		{`"SERVER  ERROR"`, "SERVER ERROR", false},
		{`"say \"hi\""`, `say "hi"`, true},
		{`"C:\\temp"`, `C:\temp`, true},
		{"ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true},
		{"ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false},
		{`-"BAD REQUEST"`, "BAD REQUEST", false},
		{`-"BAD REQUEST"`, "FINE", true},
		{"?ERROR ?WARN", "WARN", true},
		{"?ERROR ?WARN", "INFO", false},
		{"?ERROR INFO", "INFO", true},
		{"ünïcode", "ein ünïcode", true},
		{"%AUTH.*ED%", "UNAUTHORIZED", true},
		{"%^AUTH%", "UNAUTHORIZED", false},

		{`{ $.level = "error" }`, document, true},
		{`{$.level="error"}`, document, true},
		{`{ $.level = error }`, document, true},
		{`{ $.level = "err*" }`, document, true},
		{`{ $.level = "*ro*" }`, document, true},
		{`{ $.level = "Error" }`, document, false},
		{`{ $.level != "info" }`, document, true},
		{`{ $.level != "err*" }`, document, false},
		{`{ $.none != "info" }`, document, false},
		{`{ $.level = %^e.+r$% }`, document, true},
		{`{ $.status = 503 }`, document, true},
		{`{ $.status = 503.0 }`, document, true},
		{`{ $.status = 5* }`, document, true},
		{`{ $.status = "503" }`, document, false},
		{`{ $.status != 200 }`, document, true},
		{`{ $.status >= 503 && $.status <= 503 }`, document, true},
		{`{ $.status > 503 || $.status < 503 }`, document, false},
		{`{ $.ratio < 1e0 }`, document, true},
		{`{ $.level > 1 }`, document, false},
		{`{ $.user.name = "ada" }`, document, true},
		{`{ $.user.tags[0] = "x" }`, document, true},
		{`{ $.user.tags[1] = 7 }`, document, true},
		{`{ $.user.tags[2] = 7 }`, document, false},
		{`{ $.level[0] = "e" }`, document, false},
		{`{ $.level.x = "e" }`, document, false},
		{`{ $["a.b"] = 1 }`, document, true},
		{`{ $.user["name"] = "ada" }`, document, true},
		{`{ $.ok IS TRUE }`, document, true},
		{`{ $.ok is false }`, document, false},
		{`{ $.ok = true }`, document, true},
		{`{ $.gone IS NULL }`, document, true},
		{`{ $.ok IS NULL }`, document, false},
		{`{ $.user IS TRUE }`, document, false},
		{`{ $.none IS NULL }`, document, false},
		{`{ $.none NOT EXISTS }`, document, true},
		{`{ $.gone NOT EXISTS }`, document, false},
		{`{ $.gone EXISTS }`, document, true},
		{`{ ($.status = 200 || $.status = 503) && $.ok IS TRUE }`, document, true},
		{`{ $.status = 200 && $.ok IS TRUE || $.level = "error" }`, document, true},
		{`{ $.status = 200 && ($.ok IS TRUE || $.level = "error") }`, document, false},
		{`{ $.user = "ada" }`, document, false},
		{`{ $.level = "error" }`, `level = "error"`, false},
		{`{ $.level = "error" }`, `{"level":"error"`, false},
		{`{ $.level = "error" }`, `{"level":"error"} more`, false},
		{`{ $[0] = 1 }`, `[1,2]`, true},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.message[:min(len(tt.message), 12)], func(t *testing.T) {
			matches, err := parsePattern(tt.pattern)
			require.NoError(t, err)
			assert.Equal(t, tt.want, matches == nil || matches(tt.message))
		})
	}
}

func TestBadFilterPatternsAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		"[ip, user, status = 4*]": "cloudwatch-local does not support space-delimited patterns",
		`{ $.a = 1`:               "If a filter pattern starts with '{' it must end with '}'",
		"a:b":                     "Invalid filter pattern: Invalid character(s) in term 'a:b'",
		"-":                       "Invalid character(s) in term ''",
		`""`:                      `Invalid character(s) in term '""'`,
		`"open`:                   "Unclosed quotation mark",
		`"a"b`:                    "Invalid character(s) in term",
		"%open":                   "Invalid regular expression",
		"%(a)%":                   "Invalid regular expression",
		"%[%":                     "Invalid regular expression",
		`{ }`:                     "Expected a selector",
		`{ a = 1 }`:               "Expected a selector",
		`{ $ = 1 }`:               "A selector must name a member",
		`{ $. = 1 }`:              "Invalid selector",
		`{ $.a[x] = 1 }`:          "Invalid array index",
		`{ $.a["x" = 1 }`:         "Missing ']'",
		`{ $["x = 1 }`:            "Unclosed quotation mark",
		`{ $.a }`:                 "Missing operator",
		`{ $.a ~ 1 }`:             "Missing operator",
		`{ $.a = }`:               "Missing value",
		`{ $.a = "x }`:            "Unclosed quotation mark",
		`{ $.a = %( }`:            "Invalid regular expression",
		`{ $.a > b }`:             "'b' is not a number",
		`{ $.a IS 1 }`:            "IS must be followed by",
		`{ $.a NOT NULL }`:        "NOT must be followed by",
		`{ ($.a = 1 }`:            "Missing ')'",
		`{ $.a = 1 && }`:          "Expected a selector",
		`{ $.a = 1 $.b = 2 }`:     "Unexpected",
	} {
		_, err := parsePattern(pattern)
		var e *wire.Error
		require.ErrorAs(t, err, &e, pattern)
		assert.Equal(t, "InvalidParameterException", e.Code)
		assert.Contains(t, e.Message, want, pattern)
	}
}
