package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"lommebok.example/minid"
	"lommebok.example/minid/app"
	"lommebok.example/wallet-sim/phone"
)

// citizenName was proofed by letter, and goes through the factors.
const citizenName = "REALISTISK BEFAL"

// factorLegs go through each way to log in that the journey before has not gone.
func (j *journey) factorLegs() []leg {
	return []leg{
		{"Log in with a code by SMS, chosen in place of the authenticator app in mid-login", j.smsLogin},
		{"Pair the MinID app from a logged-in browser; the phone shows whose the code is before", j.pairFromBrowser},
		{"Log in with the MinID app: the login comes to the phone by itself, and the number is typed there", j.appLogin},
		{"Change the method twice in mid-login: the login on the phone is cancelled, and cannot be approved", j.changedMethod},
		{"Reject a login on the phone, ask again, and approve that one", j.rejectedPush},
		{"Make recovery codes, lose the phone, and log in with one of them, once", j.recovery},
		{"Forget the password: codes by SMS and mail, the MinID app, a new password; the old one is refused", j.resetPassword},
		{"Say on the phone that it was somebody else: the app is asked no more, and the person is told by SMS and mail", j.notMe},
	}
}

func (j *journey) smsLogin(ctx context.Context) (string, error) {
	v, err := j.citizen.login(ctx)
	if err != nil {
		return "", err
	}
	if err := v.expect("/login", "authenticator app"); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "sms"); err != nil {
		return "", err
	}
	message, err := v.newest(ctx, "sms", "One-time code")
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/sms", "code", message.Code); err != nil {
		return "", err
	}
	j.atMinID = v
	return "level substantial", v.expect("/minid", "Code by SMS", "substantial")
}

// pairFromBrowser scans with one phone, and shows that another cannot use the code then.
func (j *journey) pairFromBrowser(ctx context.Context) (string, error) {
	v, t := j.atMinID, j.citizen
	if err := v.send(ctx, "/minid/pair"); err != nil {
		return "", err
	}
	code := v.page.TextOf("pairing-code")
	one, person, err := t.devices.Look(ctx, j.house.issuerURL, t.person.Name, code)
	if err != nil {
		return "", err
	}
	if want := t.person.PID[:6] + " *****"; person != want {
		return "", fmt.Errorf("expected the phone to show %s, got %s", want, person)
	}
	if _, err := j.student.devices.Pair(ctx, j.house.issuerURL, "a second phone", code); err == nil {
		return "", errors.New("expected a second phone that scans the code to be refused")
	}
	if _, err := t.devices.Confirm(ctx, one, code); err != nil {
		return "", err
	}
	if err := v.open(ctx, "/minid"); err != nil {
		return "", err
	}
	if v.page.TextOf("pairing-code") != "" {
		return "", errors.New("expected the page to show the code no more")
	}
	return fmt.Sprintf("the phone showed %s at %s; a second phone was refused", person, j.house.issuerURL), v.expect("/minid", "cannot be used any more")
}

// appLogin waits for the login on the phone's stream.
func (j *journey) appLogin(ctx context.Context) (string, error) {
	arrived, stop := j.citizen.listen(ctx)
	defer stop()
	v, err := j.citizen.login(ctx)
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	waiting, err := next(ctx, arrived)
	if err != nil {
		return "", err
	}
	number, err := v.number()
	if err != nil {
		return "", err
	}
	if _, err := j.citizen.respond(ctx, waiting.ID, phone.Approve, number); err != nil {
		return "", err
	}
	if err := v.open(ctx, "/login"); err != nil {
		return "", err
	}
	return fmt.Sprintf("by server-sent events: %s, «%s»", waiting.CreatedAt, waiting.Service), v.expect("/minid", "The MinID app")
}

func (j *journey) changedMethod(ctx context.Context) (string, error) {
	v, err := j.citizen.login(ctx)
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	number, err := v.number()
	if err != nil {
		return "", err
	}
	waiting, err := j.citizen.waiting(ctx)
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "sms"); err != nil {
		return "", err
	}
	if _, err := j.citizen.respond(ctx, waiting.ID, phone.Approve, number); !errors.Is(err, phone.ErrNoAttempt) {
		return "", fmt.Errorf("expected nothing to approve any more, got: %w", err)
	}
	message, err := v.newest(ctx, "sms", "One-time code")
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/sms", "code", message.Code); err != nil {
		return "", err
	}
	return "authenticator app, MinID app, SMS", v.expect("/minid", "Code by SMS")
}

func (j *journey) rejectedPush(ctx context.Context) (string, error) {
	v, err := j.citizen.login(ctx)
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	if _, err := j.citizen.respond(ctx, "", phone.Reject, ""); err != nil {
		return "", err
	}
	if err := v.open(ctx, "/login"); err != nil {
		return "", err
	}
	if err := v.expect("/login", "The login was rejected in the app"); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	number, err := v.number()
	if err != nil {
		return "", err
	}
	if state, err := j.citizen.respond(ctx, "", phone.Approve, number); err != nil || state != minid.AttemptApproved {
		return "", errors.Join(fmt.Errorf("expected approved, got %q", state), err)
	}
	if err := v.open(ctx, "/login"); err != nil {
		return "", err
	}
	j.atMinID = v
	return "the browser: The login was rejected in the app", v.expect("/minid", "The MinID app")
}

var recoveryCode = regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}`)

func (j *journey) recovery(ctx context.Context) (string, error) {
	v := j.atMinID
	if err := v.open(ctx, "/minid/recovery"); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/minid/recovery"); err != nil {
		return "", err
	}
	codes := recoveryCode.FindAllString(v.page.TextOf("recovery-codes"), -1)
	if len(codes) != 10 {
		return "", fmt.Errorf("expected ten codes, got %d: %s", len(codes), v.page.Says())
	}
	for _, again := range []bool{false, true} {
		v, err := j.citizen.login(ctx)
		if err != nil {
			return "", err
		}
		if err := v.send(ctx, "/login/method", "factor", "recovery"); err != nil {
			return "", err
		}
		if err := v.send(ctx, "/login/recovery", "code", codes[6]); err != nil {
			return "", err
		}
		if again {
			return "led to adding a new factor at once; the same code a second time is refused", v.expect("/login", "wrong or has been used")
		}
		if err := v.expect("/login/invitation", "you", "9 left"); err != nil {
			return "", err
		}
	}
	return "", errors.New("no second try was made")
}

func (j *journey) resetPassword(ctx context.Context) (string, error) {
	if err := j.citizen.freshBrowser(""); err != nil {
		return "", err
	}
	v := &visit{t: j.citizen, b: j.citizen.browser}
	if err := errors.Join(v.open(ctx, "/minid"), v.open(ctx, "/login/forgot")); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/forgot", "pid", j.citizen.person.PID); err != nil {
		return "", err
	}
	var codes [2]string
	for i, channel := range []string{"sms", "email"} {
		message, err := v.newest(ctx, channel, "Code for a new password")
		if err != nil {
			return "", err
		}
		codes[i] = message.Code
	}
	if err := v.send(ctx, "/login/reset", "sms", codes[0], "email", codes[1]); err != nil {
		return "", err
	}
	if err := v.approveWith(ctx); err != nil {
		return "", err
	}
	old, chosen := j.citizen.person.Password, strings.ToLower(codes[0]+" ville reinsdyr på vidda")
	if err := v.send(ctx, "/login/new-password", "new", chosen); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/password", "pid", j.citizen.person.PID, "password", old); err != nil {
		return "", err
	}
	if err := v.expect("/login", "Wrong identity number or password"); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/password", "pid", j.citizen.person.PID, "password", chosen); err != nil {
		return "", err
	}
	if err := v.approveWith(ctx); err != nil {
		return "", err
	}
	j.citizen.person.Password = chosen
	return "logged in with the new one", v.expect("/minid", "The MinID app")
}

// approveWith chooses the MinID app where the page asks for another factor, and approves there.
func (v *visit) approveWith(ctx context.Context) error {
	if v.page.TextOfClass("lb-number") == "" {
		if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
			return err
		}
	}
	number, err := v.number()
	if err != nil {
		return err
	}
	if _, err := v.t.respond(ctx, "", phone.Approve, number); err != nil {
		return err
	}
	return v.open(ctx, "/login")
}

func (j *journey) notMe(ctx context.Context) (string, error) {
	v, err := j.citizen.login(ctx)
	if err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	if _, err := j.citizen.respond(ctx, "", phone.NotMe, ""); err != nil {
		return "", err
	}
	if err := v.open(ctx, "/login"); err != nil {
		return "", err
	}
	if err := v.send(ctx, "/login/method", "factor", "app"); err != nil {
		return "", err
	}
	if err := v.expect("/login", "The app gets no more requests now"); err != nil {
		return "", err
	}
	if v.page.FormWith("factor", "totp") == nil || v.page.FormWith("factor", "sms") == nil {
		return "", fmt.Errorf("expected other ways, got: %s", v.page.Says())
	}
	for _, channel := range []string{"sms", "email"} {
		if _, err := v.newest(ctx, channel, "Noen prøvde å logge inn med MinID-en din"); err != nil {
			return "", err
		}
	}
	return "the browser: The app gets no more requests now; other ways are offered", nil
}

// device is the MinID app of the traveller.
func (t *traveller) device() (*phone.Device, error) {
	all, err := t.devices.List()
	if err != nil || len(all) == 0 {
		return nil, errors.Join(phone.ErrNoDevice, err)
	}
	return all[0], nil
}

// respond answers a login on the phone, "" for the one that waits.
func (t *traveller) respond(ctx context.Context, attempt string, answer phone.Answer, number string) (minid.AttemptState, error) {
	one, err := t.device()
	if err != nil {
		return "", err
	}
	return t.devices.Answer(ctx, one, attempt, answer, number)
}

// waiting is the login that waits on the phone.
func (t *traveller) waiting(ctx context.Context) (*app.PendingAttempt, error) {
	one, err := t.device()
	if err != nil {
		return nil, err
	}
	list, err := t.devices.Pending(ctx, one)
	if err != nil || len(list) != 1 {
		return nil, errors.Join(fmt.Errorf("expected one login on the phone, got %d", len(list)), err)
	}
	return &list[0], nil
}

// listen follows the phone's stream; arrived gets each list.
func (t *traveller) listen(ctx context.Context) (arrived <-chan []app.PendingAttempt, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	lists := make(chan []app.PendingAttempt)
	go func() {
		defer close(lists)
		one, err := t.device()
		if err != nil {
			return
		}
		_ = t.devices.Follow(ctx, one, func(list []app.PendingAttempt) {
			select {
			case lists <- list:
			case <-ctx.Done():
			}
		})
	}()
	return lists, cancel
}

// next is the first login that arrives.
func next(ctx context.Context, arrived <-chan []app.PendingAttempt) (*app.PendingAttempt, error) {
	for {
		select {
		case list, ok := <-arrived:
			if !ok {
				return nil, errors.New("expected the phone's stream to go on, and it ended")
			}
			if len(list) > 0 {
				return &list[0], nil
			}
		case <-ctx.Done():
			return nil, errors.New("expected the login to come to the phone, and it did not")
		}
	}
}
