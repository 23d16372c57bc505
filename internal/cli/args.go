package cli

import (
	"fmt"
	"slices"
	"strings"
)

// commandLine is what is known of the arguments before cobra has seen them.
type commandLine struct {
	// command is the subcommand, empty for the collector itself.
	command string
	// configs are the values of --config, sets those of --set.
	configs, sets []string
	// rest are the arguments without both.
	rest []string
}

// layers are the configurations that the command reads: those of --config, and what config diff compares.
func (c commandLine) layers() []string {
	all := slices.Clone(c.configs)
	if len(c.rest) > 2 && c.rest[0] == "config" && c.rest[1] == "diff" {
		for _, arg := range c.rest[2:] {
			if !strings.HasPrefix(arg, "-") {
				all = append(all, arg)
			}
		}
	}
	return all
}

// parseArgs reads the arguments after the program's name. The collector's own flags all take a value.
func parseArgs(args []string) commandLine {
	var c commandLine
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, inline := strings.Cut(arg, "=")
		dashed := strings.HasPrefix(arg, "-")
		if !dashed && c.command == "" || arg == "-h" || arg == "--help" || arg == "-v" || arg == "--version" {
			if c.command == "" {
				c.command = arg
			}
			c.rest = append(c.rest, arg)
			continue
		}
		taken := []string{arg}
		if dashed && !inline && c.command == "" || name == "--config" || name == "-config" || name == "--set" || name == "-set" {
			if !inline && i+1 < len(args) {
				i++
				value = args[i]
				taken = append(taken, value)
				inline = true
			}
		}
		switch {
		case inline && (name == "--config" || name == "-config"):
			c.configs = append(c.configs, value)
		case inline && (name == "--set" || name == "-set"):
			c.sets = append(c.sets, value)
		default:
			c.rest = append(c.rest, taken...)
		}
	}
	return c
}

// configURIs are the layers that --config and --set stand for: a setting is a layer above all files, and
// the dots in its name separate keys.
func configURIs(configs, sets []string) ([]string, error) {
	uris := append([]string(nil), configs...)
	for _, set := range sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return nil, fmt.Errorf("--set %q is not KEY=VALUE", set)
		}
		uris = append(uris, "yaml:"+strings.ReplaceAll(strings.TrimSpace(key), ".", "::")+": "+strings.TrimSpace(value))
	}
	return uris, nil
}
