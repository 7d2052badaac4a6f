package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/load"
	"lommebok.example/wallet-sim/wallet"
)

// completed completes an argument or a flag for the shell with names that are had without the network; what cannot be read has none.
func completed(names func() []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// complete tells the shell what a flag may be.
func complete(cmd *cobra.Command, flag string, names func() []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, completed(names)); err != nil {
		panic(err) // a flag that there is not
	}
}

// first is for a command with one argument.
func first(names func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// credentialNames are the identifiers of what is in the wallet. A protected wallet tells none.
func (c *cli) credentialNames() (names []string) {
	dir, err := c.walletDir()
	if err != nil {
		return nil
	}
	all, err := (&wallet.Store{Dir: dir}).List()
	if err != nil {
		return nil
	}
	for _, one := range all {
		names = append(names, one.ID+"\t"+one.Name("en"))
	}
	return names
}

func (c *cli) pendingNames() (names []string) {
	dir, err := c.walletDir()
	if err != nil {
		return nil
	}
	all, err := (&wallet.Store{Dir: dir}).Pending()
	if err != nil {
		return nil
	}
	for _, one := range all {
		names = append(names, one.ID+"\t"+one.Name("en"))
	}
	return names
}

func (c *cli) walletNames() (names []string) {
	entries, err := os.ReadDir(filepath.Join(c.data, "wallets"))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && walletName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

func (c *cli) ownerNames() (names []string) {
	devices, err := c.devices()
	if err != nil {
		return nil
	}
	all, err := devices.List()
	if err != nil {
		return nil
	}
	for _, one := range all {
		names = append(names, one.Owner)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// faultNames are those of the library, and of its groups.
func faultNames() (names []string) {
	all, err := faults.Library()
	if err != nil {
		return nil
	}
	for _, f := range all {
		names = append(names, f.Name+"\t"+f.Breaks)
	}
	return append(names, "all")
}

func profileNames() []string { return []string{checks.OpenID4VCI, checks.OpenID4VP, checks.HAIP} }

func flowNames() (names []string) {
	s := load.Setting{Source: checks.Source{Page: "any"}}
	for _, name := range s.Flows() {
		names = append(names, name+"=1")
	}
	return names
}

// requirementNames are for check --only.
func requirementNames(all func() ([]checks.Requirement, error)) func() []string {
	return func() (names []string) {
		known, err := all()
		if err != nil {
			return nil
		}
		for _, r := range known {
			names = append(names, r.ID+"\t"+strings.TrimSuffix(r.Says, "."))
		}
		return names
	}
}
