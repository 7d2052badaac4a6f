package authserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// tellServices ends what a session gave to services, calls those that have a back channel, and gives the addresses of the
// front channel, which only the browser can call. The service named by except knows already.
func (s *Server) tellServices(ctx context.Context, sessionID, except string) (frames []string, err error) {
	seen, err := s.Store.EndLogins(ctx, sessionID, s.Now())
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // also when the person closes the page
	var calls sync.WaitGroup
	for _, one := range seen {
		service := s.OpenID.service(one.ClientID)
		if service == nil || service.ID == except {
			continue
		}
		if service.BackchannelLogoutURI != "" {
			calls.Go(func() { s.callService(ctx, service, one) })
		}
		if service.FrontchannelLogoutURI != "" {
			frames = append(frames, s.frontchannel(service, one))
		}
	}
	calls.Wait()
	return frames, nil
}

// frontchannel is the address to load (Front-Channel Logout 1.0 section 2).
func (s *Server) frontchannel(service *Service, one SeenAt) string {
	if !service.FrontchannelSession {
		return service.FrontchannelLogoutURI
	}
	separator := "?"
	if strings.Contains(service.FrontchannelLogoutURI, "?") {
		separator = "&"
	}
	return service.FrontchannelLogoutURI + separator + url.Values{"iss": {s.Issuer}, "sid": {one.SID}}.Encode()
}

// errLogoutAnswer: the service took the call and did not say that it has logged the person out.
var errLogoutAnswer = errors.New("expected status 200 or 204 (Back-Channel Logout 1.0 section 2.8)")

// callService makes the one attempt to reach a service (Back-Channel Logout 1.0 section 2.5). What fails is logged.
func (s *Server) callService(ctx context.Context, service *Service, one SeenAt) {
	if err := s.sendLogout(ctx, service, one); err != nil {
		s.Log.WarnContext(ctx, "back-channel logout", "client", service.ID, "error", err, "trace_id", observe.TraceID(ctx))
	}
}

func (s *Server) sendLogout(ctx context.Context, service *Service, one SeenAt) error {
	sid := ""
	if service.knowsSessions() {
		sid = one.SID
	}
	token, err := s.OpenID.sign(func(k *signers) *jose.Signer { return k.logouts },
		oidc.NewLogoutToken(s.Issuer, service.ID, one.Subject, sid, name(), s.Now()))
	if err != nil {
		return err
	}
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, service.BackchannelLogoutURI, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.OpenID.Calls.Do(req)
	switch {
	case err != nil:
		return err
	case answer.Status != http.StatusOK && answer.Status != http.StatusNoContent:
		return fmt.Errorf("%w, got %d", errLogoutAnswer, answer.Status)
	}
	return nil
}
