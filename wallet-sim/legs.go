package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/wallet"
)

// The credential configurations of the demonstration.
const (
	configMinID   = "no.minid.mpid_sd_jwt_vc"
	configStudent = "no.sikt.elevbevis_sd_jwt_vc"
	configDiploma = "no.sikt.vitnemal_sd_jwt_vc"
	configAge     = "proof_of_age"
	configPID     = "pid_sd_jwt_vc"
	configPIDMdoc = "pid_mso_mdoc"
)

func (j *journey) minIDCredential(ctx context.Context) (string, error) {
	return j.student.get(ctx, configMinID, "password", "totp")
}

func (j *journey) studentCredential(ctx context.Context) (string, error) {
	return j.student.get(ctx, configStudent)
}

func (j *journey) proofOfAge(ctx context.Context) (string, error) {
	return j.student.get(ctx, configAge)
}

// toldStored expects the issuer's page to say what the wallet told it, for each of the three credentials.
func (j *journey) toldStored(ctx context.Context) (string, error) {
	page, _, err := j.student.browser.SignIn(ctx, j.house.issuerURL+"/mine")
	if err != nil {
		return "", err
	}
	const says = "Stored in the wallet"
	if n := strings.Count(string(page.Raw), says); n != 3 {
		return "", fmt.Errorf("expected %q three times on %s, got %d: %s", says, page.URL.Path, n, page.Says())
	}
	return "the page: " + says, nil
}

func (j *journey) showStudent(ctx context.Context) (string, error) {
	return j.student.show(ctx, "lanekassen", "given_name", "family_name", "personal_administrative_number",
		"role", "school_name", "school_administrative_number")
}

func (j *journey) showAge(ctx context.Context) (string, error) {
	return j.student.show(ctx, "aldersgrense", ageClaim)
}

const ageClaim = "eu.europa.ec.av.1.age_over_18"

// showAgeAttested lets the verifier ask with an attestation, and the wallet fetch the request by POST, encrypted to its key.
func (j *journey) showAgeAttested(ctx context.Context) (string, error) {
	return j.student.showAs(ctx, "aldersgrense", url.Values{"client_id_prefix": {openid4vp.PrefixVerifierAttestation}, "request_uri_method": {openid4vp.MethodPost}}, ageClaim)
}

// showAgeUnsigned lets the verifier ask by a link that holds the whole request, and the wallet answer in the clear.
func (j *journey) showAgeUnsigned(ctx context.Context) (string, error) {
	return j.student.showAs(ctx, "aldersgrense", url.Values{"client_id_prefix": {openid4vp.PrefixRedirectURI}, "response_mode": {openid4vp.ResponseModeDirectPost}}, ageClaim)
}

// refusedPID expects the refusal at the sign-in, by the code of the wire and by a page that says why and what to do.
func (j *journey) refusedPID(ctx context.Context) (string, error) {
	credentials, back, err := get(ctx, j.student.wallet, j.student.browser, j.house.issuerURL, configPID)
	var refusal *wallet.Refusal
	if len(credentials) > 0 || err == nil {
		return "", fmt.Errorf("expected a refusal, got %d credentials", len(credentials))
	}
	if !errors.As(err, &refusal) || refusal.Code != oauth2.UnmetAuthenticationRequirements {
		return "", fmt.Errorf("expected %s, got: %w", oauth2.UnmetAuthenticationRequirements, err)
	}
	if len(back.Notices) != 1 || back.Notices[0].Heading == "" {
		return "", fmt.Errorf("expected one page that tells why, got %d", len(back.Notices))
	}
	notice := back.Notices[0]
	return fmt.Sprintf("%s: %s\n    the page: %s\n      %s", refusal.Code, refusal.Description, notice.Heading, strings.Join(notice.Texts, "\n      ")), nil
}

// refusedPairing expects no button on the person's own MinID, and no code for a form that is sent all the same.
func (j *journey) refusedPairing(ctx context.Context) (string, error) {
	b := j.official.browser
	page, _, err := b.SignIn(ctx, j.house.issuerURL+"/minid")
	if err != nil {
		return "", err
	}
	form := page.FormTo("/logout") // its token is that of the page
	if form == nil || page.FormTo("/minid/pair") != nil {
		return "", fmt.Errorf("expected my MinID without a form to pair the app, got: %s", page.Says())
	}
	form.Action = "/minid/pair"
	if page, err = b.Submit(ctx, page, form, nil, ""); err != nil {
		return "", err
	}
	why := page.TextOf("pair-at-desk")
	if page.Status != http.StatusOK || why == "" || page.TextOf("pairing-code") != "" {
		return "", fmt.Errorf("expected the reason and no pairing code, got status %d: %s", page.Status, page.Says())
	}
	return "the page: " + why, nil
}

// pair types the code from the service desk in the app.
func (j *journey) pair(ctx context.Context) (string, error) {
	t := j.official
	if _, err := t.devices.Pair(ctx, j.house.issuerURL, t.person.Name, t.person.AppCode); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s got the code with the identity document in hand; the app has a key of its own now", t.person.Name), nil
}

func (j *journey) pidSDJWT(ctx context.Context) (string, error) {
	if err := j.official.freshBrowser(""); err != nil {
		return "", err
	}
	outcome, err := j.official.get(ctx, configPID, "password", "app")
	return outcome + "; to a wallet unit that its provider attested, bound to keys attested as " + attestation.High, err
}

func (j *journey) pidMdoc(ctx context.Context) (string, error) {
	return j.official.get(ctx, configPIDMdoc, "app")
}

func (j *journey) showPIDSDJWT(ctx context.Context) (string, error) {
	return j.official.show(ctx, "skatteetaten", "given_name", "family_name", "birthdate", "personal_administrative_number")
}

func (j *journey) showPIDMdoc(ctx context.Context) (string, error) {
	const namespace = "eu.europa.ec.eudi.pid.1."
	return j.official.show(ctx, "skatteetaten-mdoc", namespace+"given_name", namespace+"family_name", namespace+"birth_date")
}

// revoke does as a person does: finds the credential by its name, asks to revoke it, and confirms.
func (j *journey) revoke(ctx context.Context) (string, error) {
	_, path, err := j.studentOnMine(ctx)
	if err != nil {
		return "", err
	}
	page, err := j.student.browser.Open(ctx, j.house.issuerURL+path+"/revoke", "")
	if err != nil {
		return "", err
	}
	return j.pressed(ctx, page, path+"/revoke", "revoked")
}

// studentOnMine opens «Mine bevis», and gives the path of the student credential there.
func (j *journey) studentOnMine(ctx context.Context) (page *browser.Page, path string, err error) {
	all, err := j.student.wallet.Store.List()
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(all, func(c *wallet.Credential) bool { return c.ConfigurationID == configStudent })
	if i < 0 {
		return nil, "", errors.New("the student credential is not in the wallet")
	}
	if page, _, err = j.student.browser.SignIn(ctx, j.house.issuerURL+"/mine"); err != nil {
		return nil, "", err
	}
	for _, l := range page.Links {
		if path, ok := strings.CutSuffix(l.Href, "/revoke"); ok && l.Describes == all[i].Name("en") {
			return page, path, nil
		}
	}
	return nil, "", fmt.Errorf("expected a link to revoke the %s, got: %s", all[i].Name("en"), page.Says())
}

// pressed submits a form of the page, and expects the list to say what was done.
func (j *journey) pressed(ctx context.Context, page *browser.Page, action, done string) (string, error) {
	form := page.FormTo(action)
	if form == nil {
		return "", fmt.Errorf("expected a form to %s, got: %s", action, page.Says())
	}
	page, err := j.student.browser.Submit(ctx, page, form, nil, "")
	if err != nil {
		return "", err
	}
	if page.Status != 200 || page.URL.Query().Get("said") != done {
		return "", fmt.Errorf("expected the list with the credential %s, got status %d: %s", done, page.Status, page.Says())
	}
	return page.Texts[0], nil
}

// hold puts the student credential on hold, is refused with it, opens it again and is let in.
func (j *journey) hold(ctx context.Context) (string, error) {
	page, path, err := j.studentOnMine(ctx)
	if err != nil {
		return "", err
	}
	if _, err := j.pressed(ctx, page, path+"/suspend", "suspended"); err != nil {
		return "", err
	}
	refused, err := j.refusedFor(ctx, "suspended")
	if err != nil {
		return "", err
	}
	if page, _, err = j.studentOnMine(ctx); err != nil {
		return "", err
	}
	if _, err := j.pressed(ctx, page, path+"/restore", "restored"); err != nil {
		return "", err
	}
	return refused + "; accepted when it was open again", j.accepted(ctx)
}

// accepted expects Lånekassen to take what it asks for.
func (j *journey) accepted(ctx context.Context) error {
	v, err := j.student.present(ctx, "lanekassen")
	if err == nil && !v.Accepted {
		_, failed := v.count()
		err = fmt.Errorf("expected it to be accepted, got: %v", failed)
	}
	return err
}

func (j *journey) refusedRevoked(ctx context.Context) (string, error) {
	return j.refusedFor(ctx, "revoked")
}

// refusedFor expects Lånekassen to refuse for one check alone, that of the status, and nothing to be released.
func (j *journey) refusedFor(ctx context.Context, status string) (string, error) {
	v, err := j.student.present(ctx, "lanekassen")
	if err != nil {
		return "", err
	}
	made, failed := v.count()
	if v.Accepted || len(failed) != 1 || !strings.HasPrefix(failed[0], "status: "+status) {
		return "", fmt.Errorf("expected one failed check, status: %s, got accepted %t and: %v", status, v.Accepted, failed)
	}
	for _, c := range v.Credentials {
		if len(c.Claims) > 0 {
			return "", errors.New("expected no claims in a refused verdict")
		}
	}
	return fmt.Sprintf("refused: 1 of %d checks failed: %s", made, failed[0]), nil
}
