package transaction

import (
	"time"

	"lommebok.example/internal/observe"
)

// Entry is one request with its answer, masked.
type Entry struct {
	At       time.Time `json:"at"`
	Micros   int64     `json:"micros"` // how long the answer took
	Step     string    `json:"step"`   // Name of the Step
	Section  string    `json:"section"`
	TraceID  string    `json:"trace_id"`
	Client   string    `json:"client,omitempty"` // client_id, as the wallet said it
	Request  Request   `json:"request"`
	Response Response  `json:"response"`
	Refusal  *Refusal  `json:"refusal,omitempty"`
	Failed   string    `json:"failed,omitempty"` // why no answer came, told by who asked; "" when one did

	Findings []observe.Finding `json:"findings,omitempty"` // on what was sent, as the verdict has them
}

// Request is what the wallet, or the person's browser on its behalf, sent.
type Request struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"` // without query
	Query   []Field `json:"query,omitempty"`
	Headers []Field `json:"headers,omitempty"`
	Parts   []Part  `json:"parts,omitempty"`
	Bytes   int     `json:"bytes"` // of the body, as far as it was read
}

// Response is what the service answered.
type Response struct {
	Status  int     `json:"status"`
	Headers []Field `json:"headers,omitempty"`
	Parts   []Part  `json:"parts,omitempty"`
	Bytes   int     `json:"bytes"`
}

// Field is a header or a parameter of the query.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Part is something decoded: the body, or a header that holds a JWT. Text is indented JSON.
type Part struct {
	Name  string `json:"name"` // "body", or that of the header
	Media string `json:"media,omitempty"`
	Text  string `json:"text"`
}

// Refusal is why a request was not served.
type Refusal struct {
	Code        string `json:"code"`
	Description string `json:"description,omitempty"` // error_description
	Expected    string `json:"expected,omitempty"`    // as far as the description says; otherwise it follows from the code
	Came        string `json:"came"`
	Section     string `json:"section,omitempty"`
}

// Step is what a route is in the protocol.
type Step struct {
	Name    string // such as "token"; the pages have a text for each
	Section string // that governs it
	// Takes are the kinds of links that count in a request: those that the service holds it against. What a request says beside
	// them is the sender's invention. Of a route that is Apart they are those of observe.Linked that count.
	Takes []string
	// Link is the kind of link that the route's parameter is, "" for none.
	Link string
	// Apart marks a route that the wallet takes no part in, such as that of the service that asks. Of a request there only method, route
	// and status are kept, and nothing at all unless the service links it to a transaction. Its answer names no page.
	Apart bool
	// Alone marks a route whose requests join nothing by what the sender says or has: only the service ties them.
	Alone bool
	// Begins marks the step that begins a transaction unless it repeats a refused one: by its key alone it joins no earlier
	// transaction.
	Begins bool
}

// The bounds of what is kept.
const (
	Life         = 24 * time.Hour // of a transaction, from its first request
	MaxEntries   = 200            // of a transaction
	maxPart      = 24 << 10       // of the text of a part
	maxEntry     = 48 << 10       // of an entry, as JSON
	MaxBytes     = 2 << 20        // of a transaction, sealed
	MaxTotal     = 64 << 20       // of all of them
	MaxShares    = 20             // addresses to share, of a transaction
	maxFindings  = 200            // of an entry
	keyLife      = 10 * time.Minute
	maxCaptured  = 64 << 10 // of a body
	maxQueued    = 512      // requests that wait to be written
	maxWaiting   = 16 << 20 // and their bytes
	maxBatch     = 16
	batchPause   = 200 * time.Millisecond
	keepPatience = 10 * time.Second
)
