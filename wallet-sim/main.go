// Command wallet-sim plays the wallet and the telephone: for people as pages, for testers and machines as commands. It
// speaks OpenID4VCI 1.0 and OpenID4VP 1.0 with the issuer and the verifier of this project, and with anybody's.
//
//	wallet-sim up          starts issuer, verifier and the pages, for development
//	wallet-sim demo        the whole journey without a person
//	wallet-sim serve       the pages alone
//	wallet-sim accept      gets a credential
//	wallet-sim present     answers a verifier
//	wallet-sim list, show  what is in the wallet
//	wallet-sim unit        the wallet unit at its wallet provider: tell of it, revoke it, take a new one
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// The exit codes. A refusal is an answer: the protocol was followed, and somebody said no.
const (
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

// errUsage marks what the caller should have written otherwise.
var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, out, errs io.Writer, now func() time.Time) int {
	c := &cli{out: out, errs: errs, now: now}
	root := &cobra.Command{
		Use: "wallet-sim", Short: "A wallet and a telephone, for people and for test machines",
		SilenceErrors: true, SilenceUsage: true, CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRun: func(*cobra.Command, []string) { c.running = true },
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	c.flags(root)
	root.AddCommand(c.serveCommand(), c.acceptCommand(), c.refreshCommand(), c.pendingCommand(), c.collectCommand(), c.presentCommand(), c.listCommand(), c.showCommand(), c.unitCommand(), c.upCommand(), c.demoCommand())
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	c.explain(err)
	if !c.running || errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitRefused
}

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}
