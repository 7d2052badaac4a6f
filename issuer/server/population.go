package server

import (
	"context"
	"errors"
	"fmt"

	"lommebok.example/issuer/source"
	"lommebok.example/minid"
)

// population answers MinID from the issuer's source: one register says who there is and what credentials are made of.
type population struct{ source source.Source }

// Resident implements minid.Population.
func (p population) Resident(ctx context.Context, pid string) (*minid.Resident, error) {
	facts, err := p.source.Facts(ctx, pid)
	if errors.Is(err, source.ErrUnknownPerson) {
		return nil, minid.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	r := &minid.Resident{PID: pid, Name: text(facts, source.GivenName) + " " + text(facts, source.FamilyName)}
	if born, ok := facts.Value(source.BirthDate); ok {
		r.BirthDate = fmt.Sprint(born)
	}
	if address, ok := facts.Value(source.PostalAddress); ok {
		r.Address, _ = address.([]string)
	}
	return r, nil
}

func text(f *source.Facts, name string) string {
	v, _ := f.Value(name)
	s, _ := v.(string)
	return s
}
