package inspect

import (
	"context"
	"errors"
	"fmt"

	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

var errStatus = errors.New("inspect: the issuer's list says that it is not valid")

// place is where a status stands: the list, and how it is read there.
type place struct {
	uri, media string
	read       func(body []byte) (*statuslist.About, statuslist.Status, error)
}

// The forms of a Status List Token.
const (
	formJWT = statuslist.MediaTypeJWT
	formCWT = statuslist.MediaTypeCWT
)

// listed is an entry of a status list.
func listed(uri string, index uint64, media string) place {
	return place{uri, media, func(body []byte) (*statuslist.About, statuslist.Status, error) {
		token, err := statuslist.ParseJWT(string(body))
		if media == formCWT {
			token, err = statuslist.ParseCWT(body)
		}
		if err != nil {
			return nil, 0, err
		}
		status, err := token.List.Get(index)
		return &token.About, status, err
	}}
}

// named is an identifier that an identifier list may name: it is revoked then.
func named(uri string, id []byte) place {
	return place{uri, statuslist.MediaTypeIdentifiers, func(body []byte) (*statuslist.About, statuslist.Status, error) {
		list, err := statuslist.ParseIdentifiers(body)
		if err != nil {
			return nil, 0, err
		}
		if list.Has(id) {
			return &list.About, statuslist.Invalid, nil
		}
		return &list.About, statuslist.Valid, nil
	}}
}

// status looks at every list that the credential stands on. The address is asked only when a trusted issuer wrote it.
func (v *Verdict) status(ctx context.Context, places []place, trusted bool, e Expect) {
	switch {
	case len(places) == 0:
		v.leave(ruleStatus, "the credential names no list; it is good until it expires")
	case !trusted:
		v.leave(ruleStatus, "the issuer is not trusted, and its list is not asked")
	case e.Fetch == nil:
		v.leave(ruleStatus, "it was not to be asked for")
	default:
		for _, p := range places {
			v.add(ruleStatus, p.look(ctx, e))
		}
	}
}

func (p place) look(ctx context.Context, e Expect) error {
	body, err := e.Fetch(ctx, p.uri, p.media)
	if err != nil {
		return err
	}
	about, status, err := p.read(body)
	if err != nil {
		return err
	}
	if err := about.Check(p.uri, e.At); err != nil {
		return err
	}
	if _, err := e.Issuers.Verify(about.Chain, x5c.StatusSigner, e.At); err != nil {
		return fmt.Errorf("the signer of the list: %w", err)
	}
	switch status {
	case statuslist.Valid:
		return nil
	case statuslist.Invalid:
		return fmt.Errorf("%w: revoked", errStatus)
	case statuslist.Suspended:
		return fmt.Errorf("%w: suspended", errStatus)
	}
	return fmt.Errorf("%w: status %d, of which no meaning is known here", errStatus, status)
}
