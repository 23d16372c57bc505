package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMistakesSayWhereTheyAreAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", `log_stream_name "": character 1: the name of the log stream is missing`},
		{"unknown", "a/{Service}", `log_stream_name "a/{Service}": character 4: "Service" is not a placeholder: for a resource's attribute of that name write {resource:Service}; there are {resource:KEY}`},
		{"attribute without source", "{service.name}", `write {resource:service.name}`},
		{"other letters", "{service_name}", `did you mean {ServiceName}?`},
		{"other letters of the agent's", "{InstanceID}", `did you mean {InstanceId}?`},
		{"unknown source", "é{attribute:x}", `character 3: "attribute:…" is not a placeholder`},
		{"empty", "x-{}", `character 4: a source is missing`},
		{"only spaces", "{  }", "a source is missing"},
		{"nothing after a bar", "{ServiceName|}", `character 14: a source is missing`},
		{"not closed", "x{ServiceName", `character 2: no } closes this {: add one, or write {"{"} or {"}"} for a brace`},
		{"not closed at the end", "x{", `a source is missing`},
		{"a key not closed", "{resource:a", `character 1: no } closes`},
		{"not closed before the next", "{resource:a{ServiceName}", `character 12: "{" is not expected in a key`},
		{"not opened", "a}b", `character 2: } closes nothing`},
		{"double braces", "{{ServiceName}}", `character 2: a source is missing`},
		{"no key", "{resource:}", `character 11: a key is missing after "resource:": name one, as in {resource:service.name}`},
		{"no bar", `{ServiceName"x"}`, `character 13: "\"" is not expected here: write |`},
		{"no second quote", `{"abc}`, `character 2: no second quote closes this one`},
		{"escape", `{"a\n"}`, `character 5: \ is followed by neither`},
		{"after text", `{"a"|ServiceName}`, `character 6: the source before this one always has a value`},
		{"after a date", `{date|"x"}`, `character 7: the source before this one always has a value`},
		{"colon", "a:b", `character 2: ":" cannot be in the name of a log stream: use anything but ":", "*" and control characters`},
		{"line end", "ab\n", `character 3: "\n" cannot be`},
		{"star in quotes", `{resource:a|"x*"}`, `character 15: "*" cannot be`},
		{"invalid UTF-8", "a\xff", `"\xff" cannot be`},
		{"date", "{date:%Y-%Q}", `character 10: "%Q" is not a part of a date: use %Y %y`},
		{"seconds", "{date:%S}", `"%S" is not a part of a date`},
		{"date cut", "{date:%}", `"%" is not a part`},
		{"colon in date", "{date:%H:%M}", `":" cannot be in the name`},
		{"fact", "x{host:colour}", `character 8: "colour" is not a fact of a host: use one of fqdn, instance_id`},
		{"fact of the agent that there is not", "{account_id}", `"account_id" is not a fact`},
		{"too long", longText, "at most 512 characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(Stream, "log_stream_name", c.text, []string{"fqdn", "instance_id"})
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

func TestMistakesInNamesOfGroups(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a b":         `log_group_name "a b": character 2: " " cannot be in the name of a log group: use letters, digits and . - _ / #`,
		"aws/x":       "aws/ is reserved",
		"é":           `"é" cannot be`,
		"{":           "a source is missing",
		"a}":          "remove it, as the name of a log group has no braces",
		`{env:a|"$"}`: `"$" cannot be`,
	} {
		_, err := Parse(Group, "log_group_name", text, nil)
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
}

func TestEveryPlaceholderThatErrorsNameCanBeWritten(t *testing.T) {
	t.Parallel()
	for _, text := range Placeholders() {
		if text == "{date:FORMAT}" {
			text = "{date:%Y}"
		}
		_, err := Parse(Group, "k", text, nil)
		assert.NoError(t, err)
	}
	for _, text := range example {
		_, err := Parse(Group, "k", "{"+text+"}", nil)
		assert.NoError(t, err)
	}
}

func TestFactsAreThoseThatTheTemplateUses(t *testing.T) {
	t.Parallel()
	template, err := Parse(Stream, "k", "{hostname}{local_hostname}{host:os}{env:X}{ServiceName}", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"fqdn", "os"}, template.Facts())
}

func TestPatternMatchesAllNames(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"/fleet":                         "/fleet",
		"/fleet/{resource:a}/{host:ip}":  "/fleet/*/*",
		`{resource:a}{record:b|"none"}x`: "*x",
		`{"text"}/{date:%Y}`:             "text/*",
	} {
		parsed, err := Parse(Group, "log_group_name", template, nil)
		require.NoError(t, err)
		assert.Equal(t, want, parsed.Pattern())
	}
}
