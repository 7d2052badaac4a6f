package trust_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

// named is a folder with one list, the address that it names, and the one authority on it.
type named struct {
	server     *listServer
	signer     *listSigner
	first      *authority
	dir, cache string
	log        bytes.Buffer
	set        *trust.Set
	lists      *trust.Lists
}

func newNamed(t *testing.T) *named {
	t.Helper()
	n := &named{server: newListServer(t), signer: newListSigner(t), first: newAuthority(t, "first"), dir: t.TempDir(), cache: t.TempDir()}
	write(t, n.dir, "test.pem", x5c.EncodePEM(n.signer.cert))
	n.config(t, "")
	n.start()
	return n
}

func (n *named) start() {
	n.set = trust.NewSet()
	n.lists = &trust.Lists{
		Dir: n.dir, Cache: n.cache, Set: n.set, Log: slog.New(slog.NewTextHandler(&n.log, nil)),
		Fetch: fetch.New(fetch.Config{InsecureAllowLoopback: true, MaxBytes: trust.MaxListBytes}),
	}
}

func (n *named) config(t *testing.T, more string) {
	t.Helper()
	write(t, n.dir, "test.yaml", []byte("address: "+n.server.url+"\n"+more))
}

func (n *named) anchor() trust.Anchor {
	return trust.Anchor{Name: "first", Certificate: n.first.root, Types: []string{pid}}
}

// publish puts a list at the address that is next due after a time and over after twice that.
func (n *named) publish(t *testing.T, at time.Time, life time.Duration, anchors ...trust.Anchor) {
	t.Helper()
	text, err := trust.SignList(n.signer.key, trust.List{Issued: at, NextUpdate: at.Add(life), Until: at.Add(2 * life), Anchors: anchors})
	check(t, err)
	n.server.text.Store(&text)
}

func (n *named) refresh(at time.Time) { n.lists.Refresh(context.Background(), at) }

func (n *named) want(t *testing.T, what string, at time.Time, want error) {
	t.Helper()
	wantErr(t, what, entitled(n.set, n.first, pid, at), want)
}

func TestWhoIsThrownOutIsSeenWithinADay(t *testing.T) {
	n := newNamed(t)
	n.publish(t, noon, 180*day, n.anchor())
	n.refresh(noon)
	n.publish(t, noon.Add(hour), 180*day)
	n.refresh(noon.Add(day - time.Second))
	n.want(t, "within a day", noon.Add(day-time.Second), nil)
	n.refresh(noon.Add(day))
	n.want(t, "after a day", noon.Add(day), x5c.ErrUntrusted)
}

// A list that is older than one that was read may name who was thrown out since, whatever came between.
func TestAnOlderListIsRefused(t *testing.T) {
	for name, between := range map[string]func(n *named){
		"nothing":                              func(*named) {},
		"an edit of the types":                 func(n *named) { n.config(t, "types: ["+pid+"]\n") },
		"a start":                              func(n *named) { n.start(); n.lists.Load(noon.Add(2 * day)) },
		"a start after the newer one was over": func(n *named) { n.start(); n.lists.Load(noon.Add(3 * day)) },
		"a name that was taken out": func(n *named) {
			check(t, os.Rename(filepath.Join(n.dir, "test.pem"), filepath.Join(n.dir, "out")))
			n.refresh(noon.Add(2 * day))
			check(t, os.Rename(filepath.Join(n.dir, "out"), filepath.Join(n.dir, "test.pem")))
		},
		"a name that was taken out over a start": func(n *named) {
			check(t, os.Rename(filepath.Join(n.dir, "test.pem"), filepath.Join(n.dir, "out")))
			n.start()
			n.lists.Load(noon.Add(2 * day))
			check(t, os.Rename(filepath.Join(n.dir, "out"), filepath.Join(n.dir, "test.pem")))
		},
		"another signer": func(n *named) {
			write(t, n.dir, "test.pem", x5c.EncodePEM(newListSigner(t).cert))
			n.refresh(noon.Add(2 * day))
			write(t, n.dir, "test.pem", x5c.EncodePEM(n.signer.cert))
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNamed(t)
			n.publish(t, noon.Add(hour), day)
			n.refresh(noon.Add(hour))
			n.publish(t, noon, 30*day, n.anchor())
			between(n)
			n.log.Reset()
			n.refresh(noon.Add(4 * day))
			n.want(t, "on the older list", noon.Add(4*day), x5c.ErrUntrusted)
			if said := "before the newest of this signer"; !strings.Contains(n.log.String(), said) {
				t.Errorf("the log lacks %q:\n%s", said, n.log.String())
			}
		})
	}
}

func TestAFolderThatCannotBeReadTrustsNobody(t *testing.T) {
	n := newNamed(t)
	n.publish(t, noon, day, n.anchor())
	n.refresh(noon)
	n.want(t, "before", noon, nil)
	check(t, os.RemoveAll(n.dir))
	check(t, os.WriteFile(n.dir, nil, 0o600))
	n.refresh(noon)
	n.want(t, "the folder of lists", noon, x5c.ErrUntrusted)

	s, dir, a := trust.NewSet(), t.TempDir(), newAuthority(t, "second")
	write(t, dir, "a.pem", x5c.EncodePEM(a.root))
	write(t, dir, "a.yaml", []byte("types: ["+pid+"]"))
	f := &trust.Folder{Dir: dir, Set: s, Log: slog.New(slog.DiscardHandler)}
	f.Reload()
	wantErr(t, "before", entitled(s, a, pid, noon), nil)
	check(t, os.RemoveAll(dir))
	check(t, os.WriteFile(dir, nil, 0o600))
	f.Reload()
	wantErr(t, "the folder of issuers", entitled(s, a, pid, noon), x5c.ErrUntrusted)
}

func TestAListCountsAsItIsNamed(t *testing.T) {
	n := newNamed(t)
	n.publish(t, noon, day, n.anchor())
	n.refresh(noon)
	n.want(t, "without types", noon, nil)
	n.config(t, "types: ["+mdl+"]\n")
	n.refresh(noon)
	n.want(t, "with other types, at once", noon, trust.ErrNotEntitled)
	n.config(t, "types: ["+pid+"]\n")
	n.refresh(noon)
	n.want(t, "with its type", noon, nil)
	n.config(t, "type: ["+pid+"]\n")
	n.refresh(noon)
	n.want(t, "with a file that cannot be read", noon, x5c.ErrUntrusted)
	n.config(t, "")
	n.refresh(noon)
	n.want(t, "mended", noon, nil)
	n.config(t, "lote_type: http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList\n")
	n.refresh(noon)
	n.want(t, "of our own form, where a type by ETSI was named", noon, x5c.ErrUntrusted)
}

func TestTheTypeOfAListIsTheOneThatWasNamed(t *testing.T) {
	n := newNamed(t)
	text := n.signer.signed(t, "JOSE", lote(t, n.first, newAuthority(t, "revokes"), true))
	n.server.text.Store(&text)
	for name, want := range map[string]error{"EUPIDProvidersList": nil, "EUWalletProvidersList": x5c.ErrUntrusted} {
		n.config(t, "types: ["+pid+"]\nlote_type: http://uri.etsi.org/19602/LoTEType/"+name+"\n")
		n.refresh(noon)
		n.want(t, name, noon, want)
	}
}

func TestWhatCannotBeKeptCountsAllTheSame(t *testing.T) {
	n := newNamed(t)
	check(t, os.RemoveAll(n.cache))
	check(t, os.WriteFile(n.cache, nil, 0o600)) // no folder
	n.publish(t, noon, day, n.anchor())
	n.refresh(noon)
	n.refresh(noon.Add(hour))
	n.want(t, "on the list", noon.Add(hour), nil)
	if asked := n.server.asked.Load(); asked != 1 {
		t.Errorf("asked %d times before it is due", asked)
	}
	for said, there := range map[string]bool{"not kept on disk": true, "the one before counts until": false} {
		if strings.Contains(n.log.String(), said) != there {
			t.Errorf("%q in the log: %v\n%s", said, !there, n.log.String())
		}
	}
}
