package minid

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DeskDocument is the kind of identity document that was shown at the service desk.
type DeskDocument string

// The documents. Each has a picture, and a chip or a state behind it.
const (
	DocumentPassport DeskDocument = "passport"
	DocumentIDCard   DeskDocument = "id_card" // national identity card
	DocumentTravel   DeskDocument = "travel"  // travel document for refugees, or immigrant's passport
)

// DeskDocuments are all of them.
var DeskDocuments = []DeskDocument{DocumentPassport, DocumentIDCard, DocumentTravel}

// DeskState is how far a case at the service desk has come. Nobody writes expired but the next proposal: time does.
type DeskState string

// The states of a case: opened, then proposed, then approved or refused. DeskNone is a search that found nobody to record,
// kept because it was made.
const (
	DeskNone     DeskState = "none"
	DeskOpened   DeskState = "opened"
	DeskProposed DeskState = "proposed"
	DeskApproved DeskState = "approved"
	DeskRefused  DeskState = "refused"
	DeskExpired  DeskState = "expired"
)

// DeskCase is one person's visit to the service desk, from the search on, and the record of who did what. It is kept.
// OpenedBy, DecidedBy and HandedBy are clerks, by their opaque identifiers; their names and PID are read with the case.
type DeskCase struct {
	ID, Organisation string
	PersonID, PID    string // empty at DeskNone
	State            DeskState
	Document         DeskDocument
	Reference        string   // last four characters of the document's number; never the number
	Lost             []Factor // second factors that the person has lost, to be removed
	Reason           string   // of a refusal

	OpenedBy, DecidedBy, HandedBy       string
	OpenedName, DecidedName             string
	Opened, Proposed, Decided, HandedAt time.Time
	Expires                             time.Time // of the step that is due: the person stands at the desk
}

// StateAt is the state with time in it.
func (d *DeskCase) StateAt(now time.Time) DeskState {
	if (d.State == DeskOpened || d.State == DeskProposed) && !now.Before(d.Expires) {
		return DeskExpired
	}
	return d.State
}

// MayPropose, MayDecide and MayHandOut tell a clerk's page what to offer. The store's statements decide.
func (d *DeskCase) MayPropose(clerk string, now time.Time) bool {
	return d.StateAt(now) == DeskOpened && d.OpenedBy == clerk && d.PersonID != clerk
}

// MayDecide is for another than who opened the case.
func (d *DeskCase) MayDecide(clerk string, now time.Time) bool {
	return d.StateAt(now) == DeskProposed && d.OpenedBy != clerk && d.PersonID != clerk
}

// MayHandOut is for both clerks, once.
func (d *DeskCase) MayHandOut(clerk string, now time.Time) bool {
	return d.State == DeskApproved && d.HandedAt.IsZero() && now.Before(d.Expires) && (d.OpenedBy == clerk || d.DecidedBy == clerk)
}

// DeskProposal is what the first clerk saw. Picture: the person is who the picture shows. Agrees: name, birth date and
// identity number are those of the register.
type DeskProposal struct {
	Document        DeskDocument
	Reference       string
	Picture, Agrees bool
	Lost            []Factor
}

// DeskStore keeps the cases. Each act is one statement with its binding in the WHERE; acts of one clerk take turns, so that
// they are counted one after another. When a window is full, nothing is changed and ErrTooManyAttempts is the answer.
type DeskStore interface {
	// OpenDeskCase adds a case.
	OpenDeskCase(ctx context.Context, d DeskCase, w Window) error
	// DeskCase finds a case of the organisation: ErrNotFound.
	DeskCase(ctx context.Context, organisation, id string) (*DeskCase, error)
	// DeskCases are the organisation's newest with somebody in them, newest first.
	DeskCases(ctx context.Context, organisation string, most int) ([]DeskCase, error)
	// ProposeDeskCase is for who opened it, and is not its person: ErrDeskCase. ErrDeskOpen when another is proposed for
	// the same person.
	ProposeDeskCase(ctx context.Context, organisation, id, clerk string, p DeskProposal, at, expires time.Time) error
	// ApproveDeskCase is for who neither opened it nor is its person. With it the person is proofed, who must be in
	// StateNormal; their app, their pairing codes, their sessions and sign-ins, and what they have lost, end: all or nothing.
	// ErrDeskCase.
	ApproveDeskCase(ctx context.Context, a DeskDecision, p Proofing, number string) error
	// RefuseDeskCase is for the same, with the reason. ErrDeskCase.
	RefuseDeskCase(ctx context.Context, a DeskDecision, reason string) error
	// HandOutDeskCode is for both clerks of an approved case, once: the code becomes the person's pairing code until
	// codeExpires. ErrDeskCase.
	HandOutDeskCode(ctx context.Context, organisation, id, clerk, code string, codeExpires, at time.Time) error
	// PutOwnPairingCode is PutPairingCode for a person who is still proofed as they were when it was allowed: ErrPairAtDesk.
	PutOwnPairingCode(ctx context.Context, code string, p *Person, expires time.Time) error
}

// DeskDecision is the second clerk's.
type DeskDecision struct {
	Organisation, CaseID, Clerk string
	At, Expires                 time.Time // Expires: until when the code can be handed out
	Window                      Window
}

// What the service desk can answer.
var (
	ErrRole          = errors.New("minid: the session's person does not have the role")
	ErrDeskCase      = errors.New("minid: the case is not, or no longer, at this step for this clerk")
	ErrDeskOpen      = errors.New("minid: another case of this person waits for a decision")
	ErrDeskSelf      = errors.New("minid: nobody is their own clerk")
	ErrDeskAccount   = errors.New("minid: the account is not in the state normal")
	ErrDeskDocument  = errors.New("minid: not a document that identifies a person at the service desk")
	ErrDeskReference = errors.New("minid: the reference is the last four characters of the document's number")
	ErrDeskUnseen    = errors.New("minid: the clerk has not said that person and document agree")
	ErrDeskReason    = errors.New("minid: a refusal needs a reason of up to 200 characters")
)

const (
	deskShown = 50
	maxReason = 200
)

var deskReference = regexp.MustCompile(`^[A-Z0-9]{4}$`)

// desk gives the organisation that a clerk acts for. ErrRole, ErrSessionTooLow.
func (c *Core) desk(clerk *Session) (organisation string, err error) {
	organisation, ok := c.Acts(clerk, RoleServiceDesk)
	switch {
	case !ok:
		return "", ErrRole
	case clerk.Level < LevelSubstantial:
		return "", ErrSessionTooLow
	}
	return organisation, nil
}

// OpenDeskCase finds the person who stands at the desk by identity number, and opens a case. Each search is kept and
// counted, whatever it finds. ErrNotFound when there is no account or the register does not know the number, ErrDeskSelf,
// ErrDeskAccount, ErrTooManyAttempts, ErrRole, ErrSessionTooLow.
func (c *Core) OpenDeskCase(ctx context.Context, clerk *Session, pid string) (id string, err error) {
	organisation, err := c.desk(clerk)
	if err != nil {
		return "", err
	}
	now, l := c.now(), c.limits()
	d := DeskCase{
		ID: newID(), Organisation: organisation, State: DeskOpened, OpenedBy: clerk.PersonID, Opened: now,
		Expires: now.Add(l.DeskVisit),
	}
	person, refusal := c.deskPerson(ctx, clerk, storable(pid))
	switch {
	case refusal == nil:
		d.PersonID = person.ID
	case errors.Is(refusal, ErrNotFound), errors.Is(refusal, ErrDeskSelf), errors.Is(refusal, ErrDeskAccount):
		d.State = DeskNone
	default:
		return "", refusal
	}
	if err := c.Store.OpenDeskCase(ctx, d, Window{l.DeskSpan, l.DeskSearches}); err != nil {
		return "", err
	}
	c.event(ctx, "service desk: searched", clerk.PersonID)
	return d.ID, refusal
}

func (c *Core) deskPerson(ctx context.Context, clerk *Session, pid string) (*Person, error) {
	person, err := c.Store.PersonByPID(ctx, pid)
	if err != nil {
		return nil, err
	}
	if _, err := c.deskResident(ctx, person.PID); err != nil {
		return nil, err
	}
	switch {
	case person.ID == clerk.PersonID:
		return nil, ErrDeskSelf
	case person.State != StateNormal:
		return nil, ErrDeskAccount
	}
	return person, nil
}

func (c *Core) deskResident(ctx context.Context, pid string) (*Resident, error) {
	if c.Population == nil {
		return nil, fmt.Errorf("%w: there is no population register", ErrNotFound)
	}
	return c.Population.Resident(ctx, pid)
}

// DeskCase shows a case of the clerk's organisation, and its person by the register. ErrNotFound, ErrRole,
// ErrSessionTooLow.
func (c *Core) DeskCase(ctx context.Context, clerk *Session, id string) (*DeskCase, *Resident, error) {
	organisation, err := c.desk(clerk)
	if err != nil {
		return nil, nil, err
	}
	d, err := c.Store.DeskCase(ctx, organisation, storable(id))
	if err != nil {
		return nil, nil, err
	}
	resident, err := c.deskResident(ctx, d.PID)
	return d, resident, err
}

// DeskCases are the newest of the clerk's organisation. ErrRole, ErrSessionTooLow.
func (c *Core) DeskCases(ctx context.Context, clerk *Session) ([]DeskCase, error) {
	organisation, err := c.desk(clerk)
	if err != nil {
		return nil, err
	}
	return c.Store.DeskCases(ctx, organisation, deskShown)
}

// ProposeDeskCase says that the person is who they say, and waits for another clerk. ErrDeskDocument, ErrDeskReference,
// ErrDeskUnseen, ErrDeskCase, ErrDeskOpen, ErrRole, ErrSessionTooLow.
func (c *Core) ProposeDeskCase(ctx context.Context, clerk *Session, id string, p DeskProposal) error {
	organisation, err := c.desk(clerk)
	if err != nil {
		return err
	}
	p.Reference = strings.ToUpper(strings.TrimSpace(p.Reference))
	p.Lost = slices.DeleteFunc(slices.Clone(p.Lost), func(f Factor) bool { return f != FactorTOTP && f != FactorSMS })
	switch {
	case !slices.Contains(DeskDocuments, p.Document):
		return ErrDeskDocument
	case !deskReference.MatchString(p.Reference):
		return ErrDeskReference
	case !p.Picture || !p.Agrees:
		return ErrDeskUnseen
	}
	now := c.now()
	if err := c.Store.ProposeDeskCase(ctx, organisation, storable(id), clerk.PersonID, p, now, now.Add(c.limits().DeskVisit)); err != nil {
		return err
	}
	c.event(ctx, "service desk: proposed", clerk.PersonID)
	return nil
}

// ApproveDeskCase is the second clerk's word, who has seen person and document too. From then on the person is proofed
// in person; the app waits for a code from HandOutDeskCode, and everything the person signed in to begins anew: what was
// proved before rests on the old proofing. ErrDeskUnseen, ErrDeskCase, ErrTooManyAttempts, ErrRole, ErrSessionTooLow.
func (c *Core) ApproveDeskCase(ctx context.Context, clerk *Session, id string, seen bool) error {
	a, d, err := c.deskDecision(ctx, clerk, id)
	if err != nil {
		return err
	}
	if !seen {
		return ErrDeskUnseen
	}
	proofing := Proofing{Basis: BasisInPerson, At: a.At, Evidence: "service desk " + d.ID}
	if err := c.Store.ApproveDeskCase(ctx, a, proofing, c.Seal.Recognise("identity number", d.PID)); err != nil {
		return err
	}
	c.event(ctx, "service desk: proofed in person", d.PersonID)
	person, err := c.Store.Person(ctx, d.PersonID)
	if err != nil {
		return err
	}
	c.tell(ctx, person, MessageProofed, "")
	return nil
}

// RefuseDeskCase ends the case with a reason. ErrDeskReason, ErrDeskCase, ErrTooManyAttempts, ErrRole, ErrSessionTooLow.
func (c *Core) RefuseDeskCase(ctx context.Context, clerk *Session, id, reason string) error {
	a, d, err := c.deskDecision(ctx, clerk, id)
	if err != nil {
		return err
	}
	reason = strings.Join(strings.Fields(reason), " ")
	if reason == "" || !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > maxReason || strings.ContainsFunc(reason, unicode.IsControl) {
		return ErrDeskReason
	}
	if err := c.Store.RefuseDeskCase(ctx, a, reason); err != nil {
		return err
	}
	c.event(ctx, "service desk: refused", d.PersonID)
	return nil
}

func (c *Core) deskDecision(ctx context.Context, clerk *Session, id string) (DeskDecision, *DeskCase, error) {
	organisation, err := c.desk(clerk)
	if err != nil {
		return DeskDecision{}, nil, err
	}
	d, err := c.Store.DeskCase(ctx, organisation, storable(id))
	if errors.Is(err, ErrNotFound) {
		err = ErrDeskCase
	}
	now, l := c.now(), c.limits()
	return DeskDecision{
		Organisation: organisation, CaseID: storable(id), Clerk: clerk.PersonID, At: now, Expires: now.Add(l.DeskVisit),
		Window: Window{l.DeskSpan, l.DeskDecisions},
	}, d, err
}

// HandOutDeskCode makes the pairing code of an approved case, which is shown once. Handing it over there is the delivery to
// the owner of CIR (EU) 2015/1502 annex 2.2.2. ErrDeskCase, ErrRole, ErrSessionTooLow.
func (c *Core) HandOutDeskCode(ctx context.Context, clerk *Session, id string) (code string, expires time.Time, err error) {
	organisation, err := c.desk(clerk)
	if err != nil {
		return "", time.Time{}, err
	}
	now := c.now()
	code, expires = pairingAlphabet.EncodeToString(randomBytes(16)), now.Add(c.limits().DeskCode)
	err = c.Store.HandOutDeskCode(ctx, organisation, storable(id), clerk.PersonID, hashSecret(code), expires, now)
	if err != nil {
		return "", time.Time{}, err
	}
	c.event(ctx, "service desk: pairing code handed out", clerk.PersonID)
	return code, expires, nil
}
