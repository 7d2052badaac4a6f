package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"lommebok.example/internal/database"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/server"
)

// errAmiss ends a command that has found something and has said what.
var errAmiss = errors.New("something is amiss")

// command runs the command line and gives the exit code: 0, or 1 when something failed or is amiss.
func command(ctx context.Context, args []string, out, errs io.Writer, now func() time.Time) int {
	log := observe.Logger(out)
	served := false
	root := &cobra.Command{
		Use: "issuer", Short: "The Credential Issuer; without a command it serves", Args: cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true, CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error { served = true; return run(cmd.Context(), log) },
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	root.AddCommand(checkCommand(now), auditCommand(now), keysCommand(now))
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case served:
		log.Error("the issuer stopped", "cause", err)
	case !errors.Is(err, errAmiss):
		_, _ = fmt.Fprintln(errs, "issuer:", err)
	}
	return 1
}

// withDatabase opens what the environment names.
func withDatabase(ctx context.Context, f func(set settings, db *database.DB) error) (err error) {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, set.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(set, db)
}

func checkCommand(now func() time.Time) *cobra.Command {
	return &cobra.Command{
		Use: "check-credentials", Short: "Reads every credential record and lists what is amiss", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd.Context(), func(set settings, db *database.DB) error {
				found, err := server.CheckCredentials(cmd.Context(), server.Config{CredentialsDir: set.Credentials}, db, now())
				if err != nil {
					return err
				}
				for _, a := range found {
					cmd.Printf("%s\t%s\t%s\n", a.What, a.Where, a.Detail)
				}
				cmd.Printf("%d amiss\n", len(found))
				if len(found) > 0 {
					return errAmiss
				}
				return nil
			})
		},
	}
}

func auditCommand(now func() time.Time) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "The audit log"}
	c.AddCommand(&cobra.Command{
		Use: "export [FILE]", Short: "Writes a copy of the audit log, to the standard output without a file", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withDatabase(cmd.Context(), func(set settings, db *database.DB) error {
				cfg := server.Config{DataDir: set.Data, URL: set.URL}
				if len(args) == 0 {
					return server.ExportAudit(cmd.Context(), cfg, db, now(), cmd.OutOrStdout())
				}
				f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return err
				}
				err = server.ExportAudit(cmd.Context(), cfg, db, now(), f)
				return errors.Join(err, f.Sync(), f.Close())
			})
		},
	})
	var key string
	verify := &cobra.Command{
		Use: "verify FILE", Short: "Verifies a copy, without a database, and names the first line that is wrong", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verifyCopy(cmd, args[0], key) },
	}
	verify.Flags().StringVar(&key, "key", "", "the JWK thumbprint (RFC 7638) of the key that the checkpoints must be signed with; it stands in the issuer's log")
	c.AddCommand(verify)
	return c
}

func verifyCopy(cmd *cobra.Command, file, key string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	v, thumbprint, err := server.VerifyAudit(f, key)
	if err != nil {
		cmd.Printf("%s: %v\n", file, err)
		return errAmiss
	}
	cmd.Printf("%s holds: %d entries of %s until %s, %d checkpoints\n", file, v.Last.Seq, v.Last.Log,
		time.UnixMilli(v.Last.At).UTC().Format(time.RFC3339), v.Checkpoints)
	if key == "" {
		cmd.Printf("signed with the key %s; name it with --key to be sure that it is the issuer's\n", thumbprint)
	}
	return nil
}
