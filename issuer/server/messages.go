package server

import (
	"fmt"
	"net/url"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/minid/notify"
)

// setSender chooses how messages reach people: the outbox for test people, the gateways that are configured, or nothing.
func (g *ground) setSender(cfg Config, deps Deps) {
	if cfg.InsecureTestPeople {
		g.outbox = &notify.Outbox{Shelf: g.minidStore, Seal: g.core.Seal, Site: g.site, Now: deps.Now}
		g.core.Sender = g.outbox
		g.letters = &notify.LetterOutbox{Shelf: g.minidStore, Seal: g.core.Seal, Site: g.site, Base: cfg.URL, Now: deps.Now}
		g.core.Letters = g.letters
		return
	}
	if cfg.SMS.URL == "" {
		return
	}
	client := fetch.New(fetch.Config{InsecureAllowLoopback: cfg.InsecureAllowHTTP})
	gateway := func(to Gateway) minid.Sender {
		if to.URL == "" {
			return nil
		}
		return &notify.Gateway{URL: to.URL, Token: to.Token, Client: client, Texts: g.site}
	}
	if cfg.Letters.URL != "" {
		g.core.Letters = &notify.LetterGateway{URL: cfg.Letters.URL, Token: cfg.Letters.Token, Base: cfg.URL, Client: client, Texts: g.site}
	}
	g.core.Sender = notify.Channels{SMS: gateway(cfg.SMS), Email: gateway(cfg.Email)}
}

func (cfg Config) checkGateways() error {
	for _, to := range []Gateway{cfg.SMS, cfg.Email, cfg.Letters} {
		if to.URL == "" {
			continue
		}
		u, err := url.Parse(to.URL)
		switch {
		case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && !(u.Scheme == "http" && cfg.InsecureAllowHTTP)):
			return fmt.Errorf("%w: the address of a gateway must be https, without user and password", ErrConfig)
		case cfg.InsecureTestPeople:
			return fmt.Errorf("%w: test people have made-up numbers, so with ISSUER_INSECURE_TEST_PEOPLE=true no gateway may be set", ErrConfig)
		}
	}
	if cfg.Email.URL != "" && cfg.SMS.URL == "" {
		return fmt.Errorf("%w: a gateway for mail needs one for SMS as well", ErrConfig)
	}
	if cfg.LetterLife < 0 {
		return fmt.Errorf("%w: an activation code must hold for some time, not %s", ErrConfig, cfg.LetterLife)
	}
	if cfg.Letters.URL != "" && (cfg.Email.URL == "" || cfg.SMS.URL == "") {
		return fmt.Errorf("%w: a gateway for letters needs those for SMS and mail: who registers shows to have both", ErrConfig)
	}
	return nil
}
