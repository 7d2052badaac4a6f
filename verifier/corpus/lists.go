package corpus

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
)

const (
	goodIndex = 7
	goodList  = issuerURL + "/statuslists/1"

	mediaJWT         = "application/statuslist+jwt"
	mediaCWT         = "application/statuslist+cwt"
	mediaIdentifiers = "application/identifierlist+cwt"
)

// statusList is a status list in both its forms to be, with the places where it can be broken.
type statusList struct {
	status   byte // of goodIndex, in two bits
	bits     int
	data     []byte // in place of the list, before it is compressed
	compress func([]byte) []byte
	raw      []byte      // in place of the compressed list
	changes  object      // of the claims sub, iat, exp, ttl and status_list; nil takes one out
	key      signer      // that signs
	chain    []*identity // that is named
	typ      string      // "" for the right one
	seal     func([]byte) []byte
	nowhere  bool // nothing is at the address
	media    string
	body     []byte // in place of the token
	untagged bool   // CWT alone
	open     bool   // CWT alone: the chain stands in the unprotected header
}

func (w *world) goodStatus() *statusList {
	return &statusList{bits: 2, key: w.status.key, chain: []*identity{w.status}, compress: deflate}
}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	z := must(zlib.NewWriterLevel(&out, zlib.BestCompression))
	must(z.Write(data))
	must(0, z.Close())
	return out.Bytes()
}

// rawDeflate leaves out what zlib puts around it.
func rawDeflate(data []byte) []byte {
	var out bytes.Buffer
	z := must(flate.NewWriter(&out, flate.BestCompression))
	must(io.Copy(z, bytes.NewReader(data)))
	must(0, z.Close())
	return out.Bytes()
}

func (l *statusList) compressed() []byte {
	if l.raw != nil {
		return l.raw
	}
	data := l.data
	if data == nil {
		data = make([]byte, 4) // sixteen entries of two bits
		data[goodIndex/4] = l.status << (2 * (goodIndex % 4))
	}
	return l.compress(data)
}

func (l *statusList) claims(uri string) object {
	c := object{"sub": uri, "iat": at.Add(-time.Minute).Unix(), "exp": at.Add(time.Hour).Unix(), "ttl": 60}
	set(c, l.changes)
	return c
}

func (l *statusList) jwt(uri string) string {
	typ := l.typ
	if typ == "" {
		typ = "statuslist+jwt"
	}
	t := token{header: object{"alg": "ES256", "typ": typ}, payload: l.claims(uri), key: l.key}
	if len(l.chain) > 0 {
		t.header["x5c"] = x5cOf(l.chain...)
	}
	if _, changed := l.changes["status_list"]; !changed {
		t.payload["status_list"] = object{"bits": l.bits, "lst": jose.EncodeBase64URL(l.compressed())}
	}
	if l.seal != nil {
		t.seal = func(input string) []byte { return l.seal([]byte(input)) }
	}
	return t.String()
}

// cwtLabels are the labels of the claims.
var cwtLabels = map[string]int64{"sub": 2, "exp": 4, "iat": 6, "ttl": 65534}

func (l *statusList) labelled(uri string) map[int64]any {
	c := map[int64]any{}
	for name, v := range l.claims(uri) {
		if label, known := cwtLabels[name]; known {
			c[label] = v
		}
	}
	return c
}

func (l *statusList) sealed(media string, claims map[int64]any) []byte {
	typ := l.typ
	if typ == "" {
		typ = media
	}
	m := message{
		protected: map[int64]any{1: -7, 16: typ}, unprotected: map[int64]any{}, payload: must(cose.Marshal(claims)),
		key: l.key, seal: l.seal, tagged: !l.untagged,
	}
	header := m.protected
	if l.open {
		header = m.unprotected
	}
	if len(l.chain) > 0 {
		header[33] = l.chain[0].cert.Raw
	}
	return m.encode()
}

func (l *statusList) cwt(uri string) []byte {
	claims := l.labelled(uri)
	if _, changed := l.changes["status_list"]; !changed {
		claims[65533] = object{"bits": l.bits, "lst": l.compressed()}
	}
	return l.sealed(mediaCWT, claims)
}

// identifiers is an identifier list of those that are revoked.
func (l *statusList) identifiers(uri string, revoked ...string) []byte {
	b := cose.AppendMap(nil, len(revoked))
	for _, id := range revoked {
		b = cose.AppendMap(cose.AppendBytes(b, []byte(id)), 0)
	}
	claims := l.labelled(uri)
	claims[65530] = object{"identifiers": cose.RawMessage(b)}
	return l.sealed(mediaIdentifiers, claims)
}

// publish puts a list at an address.
func (w *world) publish(uri, media, file string, l *statusList, body []byte) {
	if l.media != "" {
		media = l.media
	}
	if l.body != nil {
		body = l.body
	}
	if l.nowhere {
		w.lists = append(w.lists, list{List: List{URI: uri, MediaType: media}})
		return
	}
	w.lists = append(w.lists, list{List: List{URI: uri, MediaType: media, File: "lists/" + file}, body: body})
}

func (w *world) publishGood() {
	l := w.goodStatus()
	w.publish(goodList, mediaJWT, "good.jwt", l, []byte(l.jwt(goodList)))
	w.publish(goodList, mediaCWT, "good.cwt", l, l.cwt(goodList))
}
