package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
)

// Who takes part in MinID at school, and where.
const (
	ownerName   = "DEMOKRATISK ASSOSIASJON"
	teacherName = "SAMTIDIG KATETER"
	pupilName   = "Rolig Furu"
	pupilPID    = "07831161080"

	schoolPath = "/school/owner/314600568"
	classPath  = "/school/classes/314600568/10A"
)

// classroom is MinID at school under way.
type classroom struct {
	teacher, pupil *traveller
	teacherPage    string // where the code is shown
	code           string
}

// schoolLegs are the steps of MinID at school.
func (j *journey) schoolLegs() []leg {
	room := &classroom{}
	return []leg{
		{"A school owner authorises a teacher for class 10A, and the teacher vouches for a pupil in the room", func(ctx context.Context) (string, error) {
			return j.vouch(ctx, room)
		}},
		{"The pupil makes a MinID with the code from the teacher's screen, and the teacher sees that it is done", func(ctx context.Context) (string, error) {
			return j.enrol(ctx, room)
		}},
		{"The pupil logs in with the new MinID and gets the student credential", func(ctx context.Context) (string, error) {
			return room.pupil.get(ctx, configStudent, "password", "totp")
		}},
	}
}

// testPerson is one of the issuer's file, by name.
func (j *journey) testPerson(name string) (*traveller, error) {
	people, err := phone.ReadPeople(j.house.peopleFile())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(people, func(p phone.Person) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("expected %s among the test people", name)
	}
	return j.traveller(people[i])
}

func (j *journey) vouch(ctx context.Context, room *classroom) (string, error) {
	owner, err := j.testPerson(ownerName)
	if err != nil {
		return "", err
	}
	page, _, err := owner.browser.SignIn(ctx, j.house.issuerURL+schoolPath)
	if err != nil {
		return "", err
	}
	if page, err = owner.choose(ctx, page, schoolPath+"/authorise", "Samtidig Kateter", "Class 10A"); err != nil {
		return "", err
	}
	authorised := page.Texts[0]
	if room.teacher, err = j.testPerson(teacherName); err != nil {
		return "", err
	}
	if page, _, err = room.teacher.browser.SignIn(ctx, j.house.issuerURL+classPath); err != nil {
		return "", err
	}
	page, err = room.teacher.choose(ctx, page, classPath, pupilName, "I know the pupil, and the pupil is here in the room")
	if err != nil {
		return "", err
	}
	room.teacherPage, room.code = page.URL.String(), page.TextOf("school-code")
	if room.code == "" {
		return "", fmt.Errorf("expected a code for the pupil, got: %s", page.Says())
	}
	return fmt.Sprintf("%s\n    the teacher's page: %s", authorised, page.Heading), nil
}

// choose chooses what has these labels, and sends the form.
func (t *traveller) choose(ctx context.Context, page *browser.Page, action string, labels ...string) (*browser.Page, error) {
	filled := url.Values{}
	for _, label := range labels {
		if name, value := page.Choice(label); name != "" {
			filled.Set(name, value)
		}
	}
	return t.send(ctx, page, action, filled)
}

// enrol is the pupil's way, and a look at the teacher's screen. The authenticator's code is the one that was shown until just
// now, which is accepted for half a minute more: the one that is shown now is for the login.
func (j *journey) enrol(ctx context.Context, room *classroom) (string, error) {
	begun := j.now()
	pupil, err := j.traveller(phone.Person{PID: pupilPID, Name: pupilName, Password: "kaktus i vinduskarmen"})
	if err != nil {
		return "", err
	}
	page, err := pupil.browser.Open(ctx, j.house.issuerURL+"/enrol", "")
	if err != nil {
		return "", err
	}
	if page, err = pupil.send(ctx, page, "/enrol", url.Values{"code": {room.code}, "pid": {pupilPID}}); err != nil {
		return "", err
	}
	if page, err = pupil.send(ctx, page, "/enrol/details", url.Values{"new": {pupil.person.Password}, "factor": {"totp"}}); err != nil {
		return "", err
	}
	pupil.person.TOTPSecret = strings.ReplaceAll(page.TextOf("totp-key"), "-", "")
	for range 2 { // a second time, when the half minute was just over
		code, codeErr := totp.GenerateCode(pupil.person.TOTPSecret, j.now().Add(-30*time.Second))
		if codeErr != nil {
			return "", codeErr
		}
		if page, err = pupil.send(ctx, page, "/enrol/confirm", url.Values{"otp": {code}}); err == nil {
			break
		}
	}
	if err != nil {
		return "", err
	}
	if page.FormTo("/enrol/confirm") != nil {
		return "", fmt.Errorf("expected the MinID to be made, got: %s", page.Says())
	}
	room.pupil = pupil
	screen, err := room.teacher.browser.Open(ctx, room.teacherPage, "")
	if err != nil {
		return "", err
	}
	outcome := screen.TextOf("outcome")
	if outcome == "" || strings.Contains(string(screen.Raw), pupil.person.TOTPSecret) {
		return "", errors.New("expected the teacher to see that it is done, and no secret")
	}
	return fmt.Sprintf("the pupil: %s\n    the teacher: %s\n    %d ms from the code to the MinID", page.Heading, outcome, j.now().Sub(begun).Milliseconds()),
		pupil.freshBrowser(pupil.person.TOTPSecret)
}

// send sends a form and expects nothing to correct; the page comes with the error.
func (t *traveller) send(ctx context.Context, page *browser.Page, action string, filled url.Values) (*browser.Page, error) {
	form := page.FormTo(action)
	if form == nil {
		return page, fmt.Errorf("expected a form to %s, got: %s", action, page.Says())
	}
	next, err := t.browser.Submit(ctx, page, form, filled, "")
	if err == nil && (next.Status >= 400 || len(next.Errors) > 0) {
		err = fmt.Errorf("expected to come on from %s, got status %d: %s", action, next.Status, next.Says())
	}
	return next, err
}
