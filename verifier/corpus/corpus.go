package corpus

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The formats of a kind.
const (
	SDJWT   = "dc+sd-jwt" // a presentation in compact serialization
	Mdoc    = "mso_mdoc"  // a DeviceResponse in base64url
	VPToken = "vp_token"  // the payload of an answer: JSON
	JWE     = "jwe"       // an answer as it is posted in the parameter response
)

// Kind is a presentation or an answer, and what must come of it.
type Kind struct {
	Name   string `json:"name"`
	Format string `json:"format"`
	// Query is the id of the Credential Query that a presentation answers; "" for a whole answer.
	Query   string `json:"query,omitempty"`
	Broken  string `json:"broken"` // what, in words; "nothing" for a good one
	Section string `json:"section,omitempty"`
	Code    string `json:"code"` // "ok" for a good one
	// Follows are the codes of other checks that cannot hold either once this thing is broken.
	Follows []string `json:"follows,omitempty"`
	// Says is a word of the refusal, where the code is that of every answer which cannot be read.
	Says string `json:"says,omitempty"`
	File string `json:"file"`

	text string
}

// List is a status list or an identifier list, as it is fetched. Without a file nothing is at its address.
type List struct {
	URI       string `json:"uri"`
	MediaType string `json:"media_type"`
	File      string `json:"file,omitempty"`
}

// Anchor is a trust anchor and the types that it is entitled to.
type Anchor struct {
	Name  string   `json:"name"`
	File  string   `json:"file"`
	Types []string `json:"types"`
	Until string   `json:"until,omitempty"` // RFC 3339: its trust list is over then
}

// Index is what a verifier has to know to judge the kinds.
type Index struct {
	At          string          `json:"at"` // RFC 3339: the time to verify at
	ClientID    string          `json:"client_id"`
	Nonce       string          `json:"nonce"`
	State       string          `json:"state"`
	ResponseURI string          `json:"response_uri"`
	ResponseKey json.RawMessage `json:"response_key"` // private JWK: it opens the answers and is in the session transcript
	Transcript  string          `json:"session_transcript"`
	Query       json.RawMessage `json:"dcql_query"`
	// TransactionData is what was sent for the Credential Query payment.
	TransactionData []string `json:"transaction_data"`
	Anchors         []Anchor `json:"trust_anchors"`
	Lists           []List   `json:"status_lists"`
	Kinds           []Kind   `json:"kinds"`
}

// Corpus is the index and the files that it names.
type Corpus struct {
	Index
	Files map[string][]byte
}

// Make makes the corpus, the same each time.
func Make() (c *Corpus, err error) {
	defer func() {
		if r := recover(); r != nil { // a maker that fails is a mistake in this package
			c, err = nil, fmt.Errorf("corpus: %v", r)
		}
	}()
	w := newWorld()
	c = &Corpus{Index: w.index(), Files: map[string][]byte{}}
	for _, kinds := range []func(*world) []Kind{goodKinds, sdjwtKinds, disclosureKinds, keyBindingKinds, issuerKinds, mdocKinds, deviceKinds, statusKinds, answerKinds} {
		for _, k := range kinds(w) {
			k.File = "presentations/" + k.Name + "." + map[string]string{SDJWT: "sdjwt", Mdoc: "mdoc", VPToken: "json", JWE: "jwe"}[k.Format]
			c.Kinds = append(c.Kinds, k)
			c.Files[k.File] = []byte(k.text + "\n")
		}
	}
	for _, a := range w.anchors {
		c.Anchors = append(c.Anchors, a.Anchor)
		c.Files[a.File] = a.pem
	}
	for _, l := range w.lists {
		c.Lists = append(c.Lists, l.List)
		if l.File != "" {
			c.Files[l.File] = l.body
		}
	}
	c.Files["index.json"], err = encodeIndex(c.Index)
	return c, err
}

// encodeIndex writes a kind a line, so that a difference between two of them can be read.
func encodeIndex(x Index) ([]byte, error) {
	kinds := x.Kinds
	x.Kinds = nil
	head, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Write(head[:len(head)-len("null\n}")])
	b.WriteString("[\n")
	for i, k := range kinds {
		line, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		b.WriteString("    " + string(line))
		if i < len(kinds)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("  ]\n}\n")
	return []byte(b.String()), nil
}

// must gives the value of what cannot fail here; Make turns a failure into its error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
