package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// requireSubcommands makes a command that only groups others fail without one of them, or with one that it does not have. By
// default cobra prints help to standard output and succeeds, so that a script goes on with help in its file (v1.10.2).
// It is called when the outputs of root are set: the completion command keeps them.
func requireSubcommands(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Run, c.RunE = nil, helpOnCommand
		}
		requireSubcommand(c)
	}
}

func requireSubcommand(group *cobra.Command) {
	for _, c := range group.Commands() {
		requireSubcommand(c)
	}
	if group.HasSubCommands() && !group.Runnable() {
		group.Args = cobra.ArbitraryArgs // otherwise cobra's error lacks the names
		group.RunE = unknownSubcommand
		group.SilenceUsage = true
		group.SuggestionsMinimumDistance = 2 // cobra's default where it looks by itself
	}
}

func unknownSubcommand(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	choice := "use one of: " + strings.Join(names, ", ")
	if len(args) == 0 {
		return fmt.Errorf("%s needs a subcommand: %s", cmd.CommandPath(), choice)
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		choice = fmt.Sprintf("did you mean %q? Otherwise %s", near[0], choice)
	}
	return fmt.Errorf("%s has no subcommand %q: %s", cmd.CommandPath(), args[0], choice)
}

// helpOnCommand prints the help of the command that args name.
func helpOnCommand(cmd *cobra.Command, args []string) error {
	found, rest, err := cmd.Root().Find(args)
	if err != nil || found == nil || len(rest) > 0 && found.HasSubCommands() {
		return fmt.Errorf("there is no command %q: %s --help lists the commands", strings.Join(args, " "), cmd.Root().Name())
	}
	found.InitDefaultHelpFlag()
	found.InitDefaultVersionFlag()
	return found.Help()
}
