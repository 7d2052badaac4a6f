// Command wallet-sim plays the wallet and the telephone: for people as pages, for testers and machines as commands. It
// speaks OpenID4VCI 1.0 and OpenID4VP 1.0 with the issuer and the verifier of this project, and with anybody's.
//
//	wallet-sim up, demo, serve     issuer, verifier and pages; the whole journey; the pages alone
//	wallet-sim offer accept        gets a credential
//	wallet-sim request answer      answers a verifier
//	wallet-sim credential …        what is in the wallet, and what is still to come
//	wallet-sim wallet …            the wallets of this machine, and the passphrase of one
//	wallet-sim unit …              the wallet unit at its wallet provider
//	wallet-sim app …               the MinID app on this telephone
//	wallet-sim decode, verify      what something is; whether it holds
//	wallet-sim fault …             does things wrong, and tells whether an issuer or a verifier notices
//	wallet-sim check …             holds an issuer or a verifier to its requirements, one by one
//	wallet-sim scan                the QR code in a picture
//	wallet-sim log, doctor         what was sent and what came; whether this machine is ready
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/specs/openid4vci"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer, now func() time.Time) int {
	c := &cli{in: in, out: out, errs: errs, now: now, paint: painter(out, os.Getenv("NO_COLOR"))}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err != nil {
		c.json = c.json || !c.running && asksForJSON(args)
		err = c.withHint(err, args)
		c.explain(err)
	}
	return c.exitCode(err)
}

// asksForJSON looks for the flag in arguments that could not be read.
func asksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// root is the whole tree of commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "wallet-sim", Short: "A wallet and a telephone, for people and for test machines",
		Long: "A wallet and a telephone, for people and for test machines.\n\n" + exitCodes + "\n\n" + inputs + "\n\n" +
			"Words are coloured on a terminal, unless NO_COLOR is set. A passphrase is read from " + passphraseVariable + ", or asked for.",
		Example:       "  wallet-sim up\n  wallet-sim demo\n  wallet-sim offer accept https://issuer.example --type pid_sd_jwt_vc",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			c.running = true
			return c.checkFlags()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.json {
				return usage("expected a command: see %s --help", cmd.CommandPath())
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage("%v: see %s --help", err, cmd.CommandPath()) })
	c.flags(root)
	complete(root, "wallet", c.walletNames)
	complete(root, "proof-type", func() []string { return []string{openid4vci.ProofTypeJWT, openid4vci.ProofTypeAttestation} })
	root.AddCommand(c.upCommand(), c.demoCommand(), c.serveCommand(),
		noun("offer", "credential offers", c.acceptCommand()),
		noun("request", "what verifiers ask for", c.answerCommand()),
		noun("credential", "what is in the wallet, and what is still to come", c.listCommand(), c.showCommand(), c.refreshCommand(),
			c.deleteCommand(), c.pendingCommand(), c.collectCommand()),
		noun("wallet", "the wallets of this machine", c.walletsCommand(), c.protectCommand(), c.unprotectCommand()),
		noun("unit", "the wallet unit at its wallet provider", c.unitCommands()...),
		noun("app", "the MinID app on this telephone", c.pairCommand(), c.loginsCommand(), c.approveCommand(), c.rejectCommand()),
		c.faultCommand(),
		c.loadCommand(),
		noun("check", "requirement by requirement, what an issuer or a verifier holds", c.checkIssuerCommand(), c.checkVerifierCommand()),
		c.decodeCommand(), c.verifyCommand(), c.scanCommand(), c.logCommand(), c.doctorCommand(),
	)
	fitHelp(root)
	return root
}

// noun groups the verbs of a thing.
func noun(name, short string, verbs ...*cobra.Command) *cobra.Command {
	example, names := "", []string{}
	for _, verb := range verbs {
		example, names = example+"  wallet-sim "+name+" "+verb.Use+"\n", append(names, verb.Name())
	}
	group := &cobra.Command{Use: name, Short: short, Example: example, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		got := "nothing"
		if len(args) > 0 {
			got = strconv.Quote(args[0])
		}
		return usage("%s: expected one of %s, got %s: see %s --help", name, strings.Join(names, ", "), got, cmd.CommandPath())
	}}
	group.AddCommand(verbs...)
	return group
}

// one takes one argument, which the command's Use names.
func one(cmd *cobra.Command, args []string) error {
	_, expected, _ := strings.Cut(cmd.Use, " ")
	switch len(args) {
	case 1:
		return nil
	case 0:
		return usage("expected %s: see %s --help", expected, cmd.CommandPath())
	}
	return usage("expected %s alone, got %d arguments, which may want quotes: see %s --help", expected, len(args), cmd.CommandPath())
}

// some takes one argument or more.
func some(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return one(cmd, nil)
}

// none takes no argument.
func none(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("expected no argument, got %q: see %s --help", args[0], cmd.CommandPath())
}
