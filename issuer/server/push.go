package server

import (
	"fmt"
	"net/url"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/minid/notify"
	"lommebok.example/specs/webpush"
)

// setPusher lets notices go to MinID apps by Web Push, where that is configured.
func (g *ground) setPusher(cfg Config, deps Deps) error {
	if !cfg.Push {
		return nil
	}
	key, err := keys.Signer(cfg.DataDir, "push")
	if err != nil {
		return err
	}
	if g.pushKey, err = webpush.PublicKey(key); err != nil {
		return err
	}
	client := fetch.New(fetch.Config{Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback})
	g.core.Pusher = &notify.Push{Key: key, Contact: cfg.PushContact, Client: client, Now: deps.Now}
	return nil
}

func (cfg Config) checkPush() error {
	if !cfg.Push {
		return nil
	}
	u, err := url.Parse(cfg.PushContact)
	if err != nil || (u.Scheme != "mailto" || u.Opaque == "") && (u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("%w: ISSUER_PUSH needs ISSUER_PUSH_CONTACT, a mailto: or https: address for push services", ErrConfig)
	}
	return nil
}
