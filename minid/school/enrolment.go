package school

import (
	"encoding/json"
	"time"

	"lommebok.example/minid"
)

// State is what has become of an enrolment, see the package's comment. Nobody writes expired and dead: time and tries do.
type State string

// The states.
const (
	StateOffered   State = "offered"
	StateClaimed   State = "claimed"
	StateFinished  State = "finished"
	StateCancelled State = "cancelled"
	StateVoid      State = "void"
	StateRevoked   State = "revoked"
	StateRefused   State = "refused"
	StateExpired   State = "expired"
	StateDead      State = "dead" // too many wrong numbers
)

// Authorisation lets a teacher vouch for the pupils of a class. Teacher is the keyed hash of a number, By a person.
type Authorisation struct {
	ID, Organisation, School, Class string
	Teacher, By                     string
	Created, Until                  time.Time
}

// Enrolment is a teacher's word for a pupil, and what came of it. TeacherID and PersonID are persons; Pupil and Code are
// keyed hashes; Shown is the code, sealed, for as long as it is shown; Browser is the hash of the pupil's secret; Draft is
// what the pupil has typed so far, sealed.
type Enrolment struct {
	ID, Authorisation           string
	Organisation, School, Class string
	TeacherID, Pupil, PersonID  string
	Code, Browser               string
	Shown, Draft                []byte
	Tries                       int
	State                       State
	Created, Expires, Ended     time.Time
}

// at is the state at a time: written, or by time and tries.
func (e *Enrolment) at(now time.Time, tries int) State {
	switch {
	case e.State != StateOffered && e.State != StateClaimed:
		return e.State
	case !now.Before(e.Expires):
		return StateExpired
	case e.State == StateOffered && e.Tries >= tries:
		return StateDead
	}
	return e.State
}

// draft is what the pupil has given so far. It is sealed for the enrolment, and deleted with its end.
type draft struct {
	PID, Name, BirthDate string
	Factor               minid.Factor
	Phone, Email         string
	Record               string // of the password
	TOTPSecret           []byte
	Sent                 bool // a code went to the phone: the details are complete
}

func (d draft) person() *minid.Person {
	return &minid.Person{PID: d.PID, Name: d.Name, BirthDate: d.BirthDate, Phone: d.Phone, Email: d.Email}
}

// complete tells that what is left is to confirm the factor.
func (d draft) complete() bool {
	return d.Record != "" && (d.Factor == minid.FactorTOTP && len(d.TOTPSecret) > 0 || d.Factor == minid.FactorSMS && d.Sent)
}

const (
	useDraft = "school draft" // bindings of what is sealed and recognised
	useShown = "school code shown"
	useCode  = "school code"
	useKey   = "school person"
)

func (c *Core) sealDraft(id string, d draft) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return c.MinID.Seal.Seal(raw, useDraft, id), nil
}

func (c *Core) openDraft(e *Enrolment) (d draft, err error) {
	raw, err := c.MinID.Seal.Open(e.Draft, useDraft, e.ID)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(raw, &d)
}
