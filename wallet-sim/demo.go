package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/phone"
)

func (c *cli) demoCommand() *cobra.Command {
	var keep, withTLS bool
	cmd := &cobra.Command{
		Use: "demo", Args: none, Short: "the whole journey without a person, a tick a step",
		Long:    "Starts issuer and verifier on free ports with an empty data folder and goes the whole way: log in, issue, present, refuse, revoke. Exit code 0 only if every step held.",
		Example: "  wallet-sim demo\n  wallet-sim demo --tls --keep",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context(), keep, withTLS) },
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the data folder and its logs")
	cmd.Flags().BoolVar(&withTLS, "tls", false, "go the whole way over https")
	return cmd
}

// demoPorts is a port for each; on the wallet's is the wallet provider alone, since its browser stops there.
func demoPorts() (ports [3]int, err error) {
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return ports, err
		}
	}
	return ports, nil
}

func (c *cli) demo(ctx context.Context, keep, withTLS bool) (err error) {
	dir, err := os.MkdirTemp("", "wallet-sim-demo-")
	if err != nil {
		return err
	}
	ports, err := demoPorts()
	if err != nil {
		return err
	}
	h, err := c.house(dir, ports, withTLS)
	if err != nil {
		return err
	}
	h.walletCheck = demoCheck
	begun := c.now()
	j := &journey{cli: c, house: h}
	err = errors.Join(c.withProvider(ctx, h, j.run), h.stop())
	if err != nil {
		c.say("\nThe demonstration did not hold. The logs are in %s", h.dir("logs"))
		return err
	}
	c.say("\nAll %d steps held, in %.1f seconds.", j.held, c.now().Sub(begun).Seconds())
	if keep {
		c.say("The data is in %s", dir)
		return nil
	}
	return os.RemoveAll(dir)
}

// journey is the demonstration under way.
type journey struct {
	*cli
	house *house
	held  int

	student, official, citizen *traveller
	desk                       deskVisit
	cases                      casework

	newcomer *traveller
	atMinID  *visit // of the citizen, logged in just now
}

// step does one thing and tells how it went. The steps after one that failed have nothing to stand on.
func (j *journey) step(ctx context.Context, what string, do func(context.Context) (outcome string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	outcome, err := do(ctx)
	if err != nil {
		j.say("✗ %s\n    %v", what, err)
		return fmt.Errorf("%s: did not hold", what)
	}
	j.held++
	j.say("✓ %s", what)
	if outcome != "" {
		j.say("    %s", outcome)
	}
	return nil
}

// stepTimeout leaves room for one wait for the next one-time code.
const stepTimeout = time.Minute

type leg struct {
	what string
	do   func(context.Context) (string, error)
}

func (j *journey) run(ctx context.Context) error {
	for _, leg := range slices.Concat(j.firstLegs(), j.factorLegs(), j.lastLegs(), j.deskLegs(), j.schoolLegs()) {
		if err := j.step(ctx, leg.what, leg.do); err != nil {
			return err
		}
	}
	return nil
}

// firstLegs go from an empty house to credentials at each level.
func (j *journey) firstLegs() []leg {
	return []leg{
		{"Issuer and verifier are started, with ten synthetic people", j.begin},
		{"Log in to MinID with password and one-time code, and get the MinID credential", j.minIDCredential},
		{"Get the student credential on the same login", j.studentCredential},
		{"Get the proof of age, as ISO mdoc", j.proofOfAge},
		{"The issuer's page «Mine bevis» says that the wallet has stored the three, since it told so", j.toldStored},
		{"Log in on the issuer's page, and get the MinID credential by a pre-authorized code, with a transaction code by SMS", j.preAuthorized},
		{"Show name and school to Lånekassen, by two SD-JWT VCs", j.showStudent},
		{"Show to be over 18, and nothing else, by the mdoc", j.showAge},
		{"Show MinID credential and student credential to Lånekassen, which asks by the verifier's API and would take a PID too", j.loansOnAPI},
		{"Show the age to a service on the API: it learns one yes, and nothing else", j.ageOnAPI},
		{"Show it to a verifier that an attester vouches for; the wallet fetches the request by POST, and gets it encrypted", j.showAgeAttested},
		{"Show it to a verifier that nobody vouches for, by a link that holds the request, and answer in the clear", j.showAgeUnsigned},
		{"Get the proof of age again without logging in, in copies that nobody has seen", j.renew},
		{"Order the diploma, which the county has to look for in its archive: the issuer answers «later», and gives it when it is found", j.diploma},
		{"A case worker finds the person by number, with a reason, suspends the student credential, which is refused then, and restores it", j.foundAndHeld},
		{"One case worker proposes to revoke all diplomas of today, and another approves it", j.revokedByTwo},
		{"Ask for the PID at level substantial: it is refused, and the reason is told", j.refusedPID},
		{"A person who was proofed in person cannot make a pairing code with a one-time code, and the page says why", j.refusedPairing},
		{"A person who was proofed in person pairs the MinID app, with the code from the service desk", j.pair},
		{"Step up the login with a one-time code to level high, by the MinID app alone, and get the PID as ISO mdoc", j.pidMdoc},
		{"Log in at level high, with password and MinID app, and get the PID as SD-JWT VC", j.pidSDJWT},
		{"Show the PID to Skatteetaten, by the SD-JWT VC", j.showPIDSDJWT},
		{"Show the PID to Skatteetaten, by the mdoc", j.showPIDMdoc},
		{"Show the PID to Skatteetaten on the API", j.taxesOnAPI},
		{"The wallet provider revokes the wallet unit: the issuer revokes its PID", j.revokeUnit},
	}
}

// lastLegs are at services, and end what was begun.
func (j *journey) lastLegs() []leg {
	return []leg{
		{"Log in at Lånekassen and at Skatteetaten with one MinID login, as services do with ID-porten", j.logins},
		{"Log in at Lånekassen with the wallet: the same person to it, at the same level", j.walletLogin},
		{"A person without MinID orders an activation letter, with the phone in hand", j.orderLetter},
		{"The letter is read, and registered: password, phone, e-mail", j.registerByLetter},
		{"The newcomer logs in with a code by SMS, and gets the MinID credential", j.newcomerCredential},
		{"Put the student credential on hold on «Mine bevis»: it is refused as suspended; open it again: it is accepted", j.hold},
		{"Revoke the student credential on the issuer's page «Mine bevis»", j.revoke},
		{"Show the revoked credential: it is refused, and the reason is told", j.refusedRevoked},
		{"Log out at Skatteetaten, and be out at Lånekassen", j.logout},
	}
}

// The test people of the demonstration, by how they were proofed.
const (
	studentName  = "FLAT STJERNE"
	officialName = "EKSAKT KARIES"
)

func (j *journey) begin(ctx context.Context) (string, error) {
	if err := j.house.start(ctx); err != nil {
		return "", err
	}
	people, err := phone.ReadPeople(j.house.peopleFile())
	if err != nil {
		return "", err
	}
	if len(people) != 10 {
		return "", fmt.Errorf("expected ten test people, got %d", len(people))
	}
	for _, p := range people {
		switch p.Name {
		case studentName:
			j.student, err = j.traveller(p)
		case officialName:
			j.official, err = j.traveller(p)
		case citizenName:
			j.citizen, err = j.traveller(p)
		}
		if err != nil {
			return "", err
		}
	}
	if j.student == nil || j.official == nil || j.citizen == nil {
		return "", fmt.Errorf("expected %s, %s and %s among the test people", studentName, officialName, citizenName)
	}
	if err := j.cases.settle(j, people); err != nil {
		return "", err
	}
	if err := j.desk.settle(j, people); err != nil {
		return "", err
	}
	return fmt.Sprintf("issuer %s, verifier %s", j.house.issuerURL, j.house.verifierURL), nil
}
