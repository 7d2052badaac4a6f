package trust

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
)

// Lists keeps the trust lists that the operator named. Each NAME.pem of the folder is the certificate that signs a list, and
// nobody else; NAME.yaml beside it says where the list is, and what it may speak for (ParseList):
//
//	address: https://trust.example/list.jwt
//	types:
//	  - urn:eudi:pid:1
//	lote_type: http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList  # when given, the list must be of this LoTEType
//
// A list is fetched again when three quarters of the time to its next update have passed, a day after it was read at the latest, and
// a minute after at the earliest. When that fails, the one before counts until its end, and then nobody on it is trusted. It is kept
// on disk, for a start while the address does not answer. A list that is older than the newest that its signer was known to give
// under this name is refused, also after a start and after its name was taken out for a while.
type Lists struct {
	Dir   string
	Cache string // folder of what was fetched
	Set   *Set
	Fetch *fetch.Client
	Log   *slog.Logger

	mu     sync.Mutex
	kept   map[string]*kept
	newest map[issued]time.Time
}

// issued is whose list it is, and under which name. It outlives what is kept under the name.
type issued struct {
	name, signer string // the DER of the certificate
}

// kept is the newest list of a name, and when it is asked for again.
type kept struct {
	list   *List // nil until one could be read
	due    time.Time
	config string // what named it
}

// listConfig is what NAME.yaml says.
type listConfig struct {
	Address  string   `yaml:"address"`
	Types    []string `yaml:"types"`
	LoTEType string   `yaml:"lote_type"`
	signer   *x509.Certificate
}

// String is another one when the operator changed anything.
func (c listConfig) String() string {
	return fmt.Sprintf("%q %q %q %x", c.Address, c.Types, c.LoTEType, c.signer.Raw)
}

// retry is how long a list rests that could not be fetched.
const retry = time.Minute

// rest is how long a list rests at the most, however late its next update: who is thrown out before is seen within it.
const rest = 24 * time.Hour

// Load takes what is kept on disk: a start asks nobody.
func (l *Lists) Load(at time.Time) { l.each(at, l.load) }

// Refresh fetches the lists that are due. It is called again and again, and never by somebody who waits for an answer.
func (l *Lists) Refresh(ctx context.Context, at time.Time) {
	l.each(at, func(name string, c listConfig, at time.Time) {
		if k := l.kept[name]; k == nil || !at.Before(k.due) {
			l.refresh(ctx, name, c, at)
		}
	})
}

// each does something for every list that is named, and forgets the others.
func (l *Lists) each(at time.Time, do func(name string, c listConfig, at time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil {
		l.kept, l.newest = map[string]*kept{}, map[issued]time.Time{}
	}
	names, _, err := listing(l.Dir)
	if err != nil {
		l.Log.Error("trust lists", "folder", l.Dir, "cause", err.Error())
		names = nil // what cannot be seen is not trusted
	}
	named := map[string]bool{}
	for _, name := range names {
		c, err := readConfig(l.Dir, name)
		if err != nil {
			l.Log.Error("trust list", "list", name, "cause", err.Error())
			continue
		}
		named[name] = true
		if k := l.kept[name]; k != nil && k.config != c.String() {
			l.drop(name)
		}
		do(name, c, at)
	}
	for name := range l.kept {
		if !named[name] {
			l.drop(name)
		}
	}
}

func (l *Lists) drop(name string) {
	delete(l.kept, name)
	l.Set.Drop(sourceOf(name))
	l.Log.Info("trust list dropped", "list", name)
}

func sourceOf(name string) string { return "the trust list " + name }

func readConfig(dir, name string) (c listConfig, err error) {
	if err := readYAML(filepath.Join(dir, name+".yaml"), &c); err != nil {
		return c, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, name+".pem"))
	if err != nil {
		return c, err
	}
	certs, err := x5c.ParsePEM(raw)
	if err != nil {
		return c, err
	}
	if len(certs) != 1 || c.Address == "" {
		return c, fmt.Errorf("%w: expected one certificate in %s.pem and the address in %s.yaml", ErrList, name, name)
	}
	c.signer = certs[0]
	return c, nil
}

func (l *Lists) load(name string, c listConfig, at time.Time) {
	text, err := l.onDisk(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = l.take(name, text, c, at)
	}
	if err != nil {
		l.Log.Error("trust list", "list", name, "from", "disk", "cause", err.Error())
	}
}

func (l *Lists) onDisk(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(l.Cache, name+".jwt"))
	return strings.TrimSpace(string(text)), err
}

// refresh fetches a list, and lets the one before stand when that fails.
func (l *Lists) refresh(ctx context.Context, name string, c listConfig, at time.Time) {
	answer, err := l.Fetch.Get(ctx, c.Address)
	if err == nil {
		err = l.take(name, strings.TrimSpace(string(answer.Body)), c, at)
	}
	if err == nil {
		if err := keys.Replace(l.Cache, name+".jwt", answer.Body); err != nil {
			l.Log.Error("trust list not kept on disk, a start has to fetch it", "list", name, "cause", err.Error())
		}
		return
	}
	k := l.kept[name]
	if k == nil {
		k = &kept{config: c.String()}
		l.kept[name] = k
	}
	k.due = at.Add(retry)
	until := "nothing was read before"
	if k.list != nil {
		until = k.list.Until.Format(time.RFC3339)
	}
	l.Log.Error("trust list", "list", name, "from", c.Address, "cause", err.Error(), "the one before counts until", until)
}

// take verifies a list and lets it count. One that is older than the newest is refused: it may name who was thrown out.
func (l *Lists) take(name, text string, c listConfig, at time.Time) error {
	list, err := ParseList(text, c.signer, c.Types, at)
	if err != nil {
		return err
	}
	if c.LoTEType != "" && list.Type != c.LoTEType {
		return fmt.Errorf("%w: LoTEType: expected %q, got %q", ErrList, c.LoTEType, list.Type)
	}
	if newest := l.newestOf(name, c.signer); list.Issued.Before(newest) {
		return fmt.Errorf("%w: issued at %s, before the newest of this signer, of %s", ErrList, list.Issued.Format(time.RFC3339), newest.Format(time.RFC3339))
	}
	l.newest[issued{name, string(c.signer.Raw)}] = list.Issued
	due := list.Issued.Add(list.NextUpdate.Sub(list.Issued) / 4 * 3)
	if latest := at.Add(rest); due.After(latest) {
		due = latest
	}
	if earliest := at.Add(retry); due.Before(earliest) {
		due = earliest
	}
	l.kept[name] = &kept{list: list, due: due, config: c.String()}
	l.Set.Put(sourceOf(name), Source{Until: list.Until, Anchors: list.Anchors})
	l.Log.Info("trust list read", "list", name, "entries", len(list.Anchors), "issued", list.Issued, "next_update", list.NextUpdate, "until", list.Until)
	return nil
}

// newestOf is when the newest list was issued that the signer gave under a name, by what is on disk when none was read since the
// start, and though it be over; the zero time when none is known.
func (l *Lists) newestOf(name string, signer *x509.Certificate) time.Time {
	if at, known := l.newest[issued{name, string(signer.Raw)}]; known {
		return at
	}
	text, err := l.onDisk(name)
	if err != nil {
		return time.Time{}
	}
	list, err := readList(text, signer, nil)
	if err != nil { // of another signer
		return time.Time{}
	}
	return list.Issued
}
