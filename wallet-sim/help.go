package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is that of the terminals which all have.
const helpWidth = 80

// fitHelp has the help of a command and of all below it keep to the width of a terminal, but for examples, which are to be copied.
func fitHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("fit", fit)
	root.SetHelpTemplate(strings.Replace(root.HelpTemplate(), "(or .Long .Short)}}{{. | ", "(or .Long .Short)}}{{. | fit | ", 1))
	root.SetUsageTemplate(strings.NewReplacer("Flags.FlagUsages", "Flags.FlagUsagesWrapped "+strconv.Itoa(helpWidth), " for more information about a command", " for more").
		Replace(root.UsageTemplate()))
}

// fit breaks paragraphs anew. Lines that begin with a space stand as they are.
func fit(text string) string {
	var all, paragraph []string
	end := func() {
		all = append(all, broken(strings.Join(paragraph, " "))...)
		paragraph = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") {
			paragraph = append(paragraph, line)
			continue
		}
		end()
		all = append(all, line)
	}
	end()
	return strings.Join(all, "\n")
}

// broken is a paragraph in lines.
func broken(text string) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > helpWidth {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
