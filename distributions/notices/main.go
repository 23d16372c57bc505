// Command notices writes the licences and notices of everything that is linked into Go programs, as those who distribute the
// programs have to pass them on.
//
//	notices [-summary] PROGRAM... > THIRD_PARTY_NOTICES.txt
//
// The modules are those that the linker recorded; their texts come from the module cache. It fails where a module has no
// recognised licence or one that is not accepted, so that a release cannot miss one. The same programs give the same bytes.
package main

import (
	"bufio"
	"debug/buildinfo"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/distributions/thirdparty"
)

func main() {
	summary := flag.Bool("summary", false, "print how many modules have which licence instead of the texts")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: notices [-summary] PROGRAM...")
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Args(), *summary); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, programs []string, summary bool) error {
	var modules []thirdparty.Module
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return fmt.Errorf("read the modules of %s: %w", program, err)
		}
		for _, m := range thirdparty.Modules(info) {
			if !slices.Contains(modules, m) {
				modules = append(modules, m)
			}
		}
	}
	licensed, err := thirdparty.License(modules)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if summary {
		writeSummary(out, licensed)
	} else {
		writeNotices(out, licensed)
	}
	return out.Flush()
}

func writeSummary(w io.Writer, modules []thirdparty.Licensed) {
	counts := map[string]int{}
	for _, m := range modules {
		counts[terms(m)]++
	}
	for _, name := range sortedKeys(counts) {
		fmt.Fprintf(w, "%4d  %s\n", counts[name], name)
	}
}

const ruler = "================================================================================"

func writeNotices(w io.Writer, modules []thirdparty.Licensed) {
	fmt.Fprintf(w, `otelcol-cloudwatch is made with the work of others. This file lists the Go modules that are linked into it,
with their licences, and after the list the texts of these licences and the notices that come with them.
otelcol-cloudwatch itself is under the Apache License 2.0, which is among them. The certificates in its container
image are Mozilla's, under the Mozilla Public License 2.0.
The source of each module is what the Go command downloads for its name and version: go mod download NAME@VERSION.

`)
	for _, m := range modules {
		fmt.Fprintf(w, "%s %s: %s\n", m.Path, m.Version, terms(m))
	}
	// Hundreds of modules have the same text: each stands once, below the names of its modules.
	users := map[string][]string{}
	var bodies []string
	for _, m := range modules {
		for _, t := range m.Texts {
			if users[t.Body] == nil {
				bodies = append(bodies, t.Body)
			}
			users[t.Body] = append(users[t.Body], m.Path+"/"+t.Name)
		}
	}
	for _, body := range bodies {
		fmt.Fprintf(w, "\n%s\n%s\n%s\n\n%s\n", ruler, strings.Join(users[body], "\n"), ruler, body)
	}
}

func terms(m thirdparty.Licensed) string { return strings.Join(m.Licences, ", ") }

func sortedKeys(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
