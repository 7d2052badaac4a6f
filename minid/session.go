package minid

import (
	"context"
	"errors"
	"time"
)

// Session is who is signed in, and how surely. AuthTime is the login's time: of its last factor, or after a step-up
// that kept earlier factors, of the login those came from. Expires is when the session ends at the latest,
// Ends when it does if it is not used again.
type Session struct {
	ID            string
	PersonID      string // of the MinID account; "" for somebody who was known without one, by a wallet
	PID           string
	Level         Level
	Basis         Basis
	Factors       []Factor
	AMR           []string
	AuthTime      time.Time
	Expires, Ends time.Time
}

// Meets says whether the session is what a need asks for.
func (s *Session) Meets(need Need, at time.Time) bool {
	return s.Level >= need.Level && need.youngEnough(s.AuthTime, at)
}

func (n Need) youngEnough(login, at time.Time) bool {
	return (n.MaxAge == 0 || at.Sub(login) <= n.MaxAge) && !login.Before(n.Since)
}

// SessionRecord is a session as stored. ID is the hash of its secret, Public the identifier that may be shown.
type SessionRecord struct {
	ID, Public, PersonID string
	Level                Level
	Basis                Basis
	Factors              []Factor
	AuthTime             time.Time
	Started              time.Time // of the absolute life
	Seen                 time.Time // last use
}

// touchEvery spares a write for each request: the last use is known to the minute.
const touchEvery = time.Minute

// Session finds a live session by its secret and counts as a use of it. ErrNoSession.
func (c *Core) Session(ctx context.Context, secret string) (*Session, error) {
	r, person, err := c.session(ctx, secret, c.now())
	if err != nil {
		return nil, err
	}
	return c.public(*r, person), nil
}

// EndSession ends the session of a secret; without one it does nothing.
func (c *Core) EndSession(ctx context.Context, secret string) error {
	return c.Store.EndSession(ctx, hashSecret(secret))
}

func (c *Core) session(ctx context.Context, secret string, now time.Time) (*SessionRecord, *Person, error) {
	r, err := c.Store.Session(ctx, hashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return nil, nil, ErrNoSession
	}
	if err != nil {
		return nil, nil, err
	}
	l := c.limits()
	if now.Sub(r.Seen) >= l.SessionIdle || now.Sub(r.Started) >= l.SessionTotal {
		return nil, nil, ErrNoSession
	}
	person, err := c.Store.Person(ctx, r.PersonID)
	if err != nil {
		return nil, nil, err
	}
	if !person.State.keepsSessions() || person.proofedSince(r.AuthTime) {
		return nil, nil, ErrNoSession
	}
	if now.Sub(r.Seen) >= touchEvery {
		if err := c.Store.TouchSession(ctx, r.ID, now); err != nil {
			return nil, nil, err
		}
		r.Seen = now
	}
	return r, person, nil
}

func (c *Core) public(r SessionRecord, p *Person) *Session {
	l := c.limits()
	latest, idle := r.Started.Add(l.SessionTotal), r.Seen.Add(l.SessionIdle)
	if idle.After(latest) {
		idle = latest
	}
	return &Session{
		ID: r.Public, PersonID: r.PersonID, PID: p.PID, Level: r.Level, Basis: r.Basis, Factors: r.Factors,
		AMR: AMR(r.Factors), AuthTime: r.AuthTime, Expires: latest, Ends: idle,
	}
}
