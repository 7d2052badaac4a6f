package server

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/metrics"
	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/issuer/store"
	"lommebok.example/issuer/wallets"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
	"lommebok.example/web"
)

// trustPage is the operator's page: keys and chains, who would refuse us and why, and how much has been issued.
type trustPage struct {
	cfg       Config
	trust     *trust
	issuing   *issuance.Service
	status    *status.Service
	providers *wallets.Statuses
	store     *store.Store
	crl       *crl
	metrics   *metrics.Metrics
	sealer    *sealer
	staff     staff
	site      *web.Site
	now       func() time.Time
	log       *slog.Logger
}

const trustFront = "/operator/trust"

func (p *trustPage) mount(r gin.IRouter) {
	r.GET(trustFront, p.get)
	r.POST(trustFront+"/audit", p.verifyAudit)
}

// trustKey is a key of a purpose. State is signs, next or kept.
type trustKey struct {
	Name, From, State string
	Subject           string // of its certificate, when it signs and has one
	Ends, EndsISO     string
	Days              int
	Next              string // when another takes over, when it signs and that is planned
	Made              bool   // the other is there already
}

// trustCheck is one thing that others would look at. Outcome is ok, warn or fail; what was found is data, not words.
type trustCheck struct{ Code, Outcome, Found, Section string }

type trustView struct {
	Keys        []trustKey
	Fingerprint string
	Checks      []trustCheck
	Refusers    int
	Totals      []trustTotal
	Refusals    []metrics.Count
	Looked      *auditLook // when the log has just been verified
	Audit       *auditEnds // nil when the log cannot be read, which is among the checks
}

// auditEnds are the numbers of the last entry of the audit log and of the last that a checkpoint covers.
type auditEnds struct{ Last, Covered int64 }

type trustTotal struct {
	store.Total
	Name string
}

// auditLook is what came of verifying the audit log.
type auditLook struct {
	Entries, Checkpoints int64
	Wrong                string // "" when all holds; else what is wrong, as data
	Undone               string // "" unless nothing is known of the log, and then why
}

// operator lets an operator through.
func (p *trustPage) operator(c *gin.Context) bool {
	c.Header("Cache-Control", "no-store")
	_, _, ok := p.staff.Staff(c, minid.RoleOperator, trustFront)
	return ok
}

func (p *trustPage) get(c *gin.Context) {
	if p.operator(c) {
		p.show(c, nil)
	}
}

// verifyWithin is how long reading the whole audit log may take.
const verifyWithin = 5 * time.Minute

// verifyAudit reads the whole audit log; what is wrong with it is an answer, not a fault.
func (p *trustPage) verifyAudit(c *gin.Context) {
	if !p.operator(c) {
		return
	}
	if err := serve.TakesLong(c.Writer); err != nil {
		p.site.Failure(c, err)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), verifyWithin)
	defer cancel()
	v, err := p.store.VerifyAudit(ctx, p.cfg.URL, p.now(), p.sealer, openCheckpoints)
	look := &auditLook{Entries: v.Last.Seq, Checkpoints: int64(v.Checkpoints - 1)} // the last one was signed for this
	switch {
	case errors.Is(err, store.ErrNotVerified):
		p.log.Warn("audit log not verified", "trace_id", observe.TraceID(ctx), "cause", err)
		look.Undone = err.Error()
	case err != nil:
		p.log.Error("audit log verified", "trace_id", observe.TraceID(ctx), "cause", err)
		look.Wrong = err.Error()
	}
	p.show(c, look)
}

func (p *trustPage) show(c *gin.Context, look *auditLook) {
	ctx, lang := c.Request.Context(), web.Lang(c)
	sum := sha256.Sum256(p.trust.Root.Raw)
	v := trustView{Keys: p.keys(lang), Fingerprint: hex.EncodeToString(sum[:]), Checks: p.checks(ctx), Looked: look}
	for _, check := range v.Checks {
		if check.Outcome == "fail" {
			v.Refusers++
		}
	}
	if last, covered, err := p.store.AuditEnds(ctx); err == nil {
		v.Audit = &auditEnds{last, covered}
	}
	var err error
	if v.Refusals, err = p.metrics.Refusals(); err == nil {
		v.Totals, err = p.totals(ctx, lang)
	}
	if err != nil {
		p.site.Failure(c, err)
		return
	}
	p.site.Render(c, http.StatusOK, "issuer_trust", v)
}

func (p *trustPage) totals(ctx context.Context, lang string) ([]trustTotal, error) {
	totals, err := p.store.Totals(ctx, p.now())
	all := make([]trustTotal, 0, len(totals))
	for _, t := range totals {
		one := trustTotal{t, t.ConfigurationID}
		if typ, ok := p.issuing.Types.ByID(t.ConfigurationID); ok {
			one.Name = typ.Display.Name.In(lang)
		}
		all = append(all, one)
	}
	return all, err
}

// keys are those of each purpose that are in use: what signs now, what is to follow, and what earlier ones signed.
func (p *trustPage) keys(lang string) []trustKey {
	var all []trustKey
	for _, l := range leaves {
		all = append(all, p.keysOf(l.purpose, p.trust.rings[l.purpose], p.trust.identity(l.purpose).Chain[0], lang)...)
	}
	return append(all, p.keysOf(purposeOpenID, p.trust.OpenID, nil, lang)...)
}

func (p *trustPage) keysOf(purpose string, ring *keys.Ring, cert *x509.Certificate, lang string) []trustKey {
	var all []trustKey
	current := ring.Current()
	for _, k := range ring.Live() {
		one := trustKey{Name: keyName(purpose, k.ID), From: k.From.UTC().Format(time.RFC3339), State: "kept"}
		switch {
		case k.From.After(p.now()):
			one.State = "next"
		case k.ID == current.ID:
			one.State = "signs"
			next, made := ring.Next()
			if one.Made = made; !next.IsZero() {
				one.Next = next.UTC().Format(time.RFC3339)
			}
			if cert != nil {
				one.Subject, one.Ends, one.EndsISO = cert.Subject.CommonName, dateIn(lang, cert.NotAfter), cert.NotAfter.Format(time.DateOnly)
				one.Days = int(cert.NotAfter.Sub(p.now()) / day)
			}
		}
		all = append(all, one)
	}
	return all
}

// checks looks at ourselves as others do. What each means stands in the texts issuer.trust.check.
func (p *trustPage) checks(ctx context.Context) []trustCheck {
	all := []trustCheck{
		outcome("https", p.https(), "OpenID4VCI 12.2.1", p.cfg.URL),
		outcome("metadata", p.metadata(), "OpenID4VCI 12.2.4", p.cfg.URL),
	}
	now := p.now()
	anchors := x5c.NewAnchors(p.trust.Root)
	for _, l := range leaves {
		chain := p.trust.identity(l.purpose).Chain
		_, err := anchors.Verify(chain, l.profile, now)
		all = append(all, outcome("chain", err, "HAIP 6.1.1, ISO/IEC 18013-5 B.1", l.purpose+": "+subjects(chain)))
		all = append(all, p.end(l.purpose, chain[0].NotAfter))
	}
	all = append(all, p.end(purposeRoot, p.trust.Root.NotAfter))
	all = append(all, p.revocations())
	lists, err := p.status.Ready(ctx)
	all = append(all, outcome("status", err, "Token Status List 8", strconv.Itoa(lists)))
	all = append(all, outcome("audit", p.store.AuditWritable(ctx, now), "internal/audit", ""))
	all = append(all, warning("providers", len(p.providers.Anchors().All()) > 0, "EUDI TS3 2.3", strconv.Itoa(len(p.providers.Anchors().All()))))
	all = append(all, warning("clients", !p.cfg.InsecureAllowAnyClient, "HAIP 4.4.1", strconv.FormatBool(p.cfg.InsecureAllowAnyClient)))
	return append(all, warning("people", !p.cfg.InsecureTestPeople, "ISSUER_INSECURE_TEST_PEOPLE", strconv.FormatBool(p.cfg.InsecureTestPeople)))
}

// revocations makes or takes the list of the root's revoked certificates, as whoever follows a chain fetches it: it must be ours, and hold
// for a day at least.
func (p *trustPage) revocations() trustCheck {
	const code, section = "crl", "ISO/IEC 18013-5 B.2, RFC 5280 5.1.2.5"
	der, err := p.crl.current()
	if err != nil {
		return outcome(code, err, section, "")
	}
	list, err := x509.ParseRevocationList(der)
	if err == nil {
		err = list.CheckSignatureFrom(p.trust.Root)
	}
	if err != nil {
		return outcome(code, err, section, "")
	}
	found := fmt.Sprintf("%s – %s, %d", list.ThisUpdate.UTC().Format(time.RFC3339), list.NextUpdate.UTC().Format(time.RFC3339), len(list.RevokedCertificateEntries))
	if left := list.NextUpdate.Sub(p.now()); left < day {
		return trustCheck{code, "fail", found, section}
	}
	return trustCheck{code, "ok", found, section}
}

func outcome(code string, err error, section, found string) trustCheck {
	if err != nil {
		return trustCheck{code, "fail", strings.TrimPrefix(found+": "+err.Error(), ": "), section}
	}
	return trustCheck{code, "ok", found, section}
}

func warning(code string, ok bool, section, found string) trustCheck {
	if !ok {
		return trustCheck{code, "warn", found, section}
	}
	return trustCheck{code, "ok", found, section}
}

var errHTTP = errors.New("expected the scheme https")

func (p *trustPage) https() error {
	if !strings.HasPrefix(p.cfg.URL, "https://") {
		return errHTTP
	}
	return nil
}

// metadata reads the metadata as a wallet does that makes no exceptions.
func (p *trustPage) metadata() error { return p.issuing.CheckMetadata(openid4vci.Rules{}) }

// end judges when a certificate ends: nothing is issued that would outlive its signer, and near the end it is told of.
func (p *trustPage) end(purpose string, end time.Time) trustCheck {
	left := end.Sub(p.now())
	c := trustCheck{"end", "ok", fmt.Sprintf("%s: %s, %d", purpose, end.UTC().Format(time.DateOnly), left/day), "ISO/IEC 18013-5 B.1.4"}
	switch {
	case left < p.trust.cfg.longest:
		c.Outcome = "fail"
	case left < p.trust.cfg.longest+alarms[0]:
		c.Outcome = "warn"
	}
	return c
}

func subjects(chain []*x509.Certificate) string {
	names := make([]string, len(chain))
	for n, cert := range chain {
		names[n] = cert.Subject.CommonName
	}
	return strings.Join(names, " < ")
}
