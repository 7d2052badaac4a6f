package wallet

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"
)

const historyDir = "history"

// maxHistory is how many answers are remembered.
const maxHistory = 200

// Answered is what the wallet remembers of an answer to a verifier: who got which claims of what, and none of their values.
type Answered struct {
	At       time.Time `json:"at"`
	Verifier Verifier  `json:"verifier"`
	Given    []Given   `json:"given,omitempty"` // nothing: the request was declined

	id string
}

// Given is a credential that was shown. It is named here, since it may be deleted.
type Given struct {
	Type   string            `json:"type"`
	Names  map[string]string `json:"names"`  // language → name
	Claims []Claim           `json:"claims"` // without values
}

// Name is what the credential is called in a language.
func (g *Given) Name(lang string) string { return cmp.Or(g.Names[lang], g.Names["nb"], g.Type) }

// note remembers an answer before it is sent: what has left the wallet is never missing.
func (w *Wallet) note(r *Request, shares []Share) error {
	a := Answered{At: w.Now(), Verifier: r.Verifier}
	for _, s := range shares {
		g := Given{Type: s.Credential.Type, Names: map[string]string{}, Claims: []Claim{}}
		for _, lang := range []string{"nb", "nn", "en"} {
			g.Names[lang] = s.Credential.Name(lang)
		}
		for _, c := range slices.Concat(s.Claims, s.Besides) {
			g.Claims = append(g.Claims, Claim{Path: c.Path, Labels: c.Labels})
		}
		a.Given = append(a.Given, g)
	}
	if err := w.Store.write(historyDir, newID(), a); err != nil {
		return err
	}
	all, err := w.Store.History()
	for _, old := range all[min(len(all), maxHistory):] {
		if e := w.Store.remove(historyDir, old.id); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// History gives the answers to verifiers, the latest first.
func (s *Store) History() ([]*Answered, error) {
	ids, err := s.ids(historyDir)
	if err != nil {
		return nil, err
	}
	var all []*Answered
	for _, id := range ids {
		a := &Answered{id: id}
		err := s.read(historyDir, id, a)
		if errors.Is(err, ErrNotFound) {
			continue // forgotten meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *Answered) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.id, b.id)) })
	return all, nil
}
