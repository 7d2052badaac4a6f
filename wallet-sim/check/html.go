package check

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html
var reportHTML string

// page escapes all that stands in a report: what comes from the other side is text there, whatever it holds.
var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"words": func(o Outcome) string {
		return map[Outcome]string{Held: "held", Failed: "failed", NotTested: "not tested"}[o]
	},
	"once": (&once{}).look,
}).Parse(reportHTML))

// HTML writes the report as one page, which needs no other file and no script.
func (r *Report) HTML(w io.Writer) error {
	one, err := page.Clone()
	if err != nil {
		return err
	}
	return one.Funcs(template.FuncMap{"once": (&once{}).look}).Execute(w, r)
}

// once tells where a long text of a page stands already: half of what the requests of a check send and get is the same metadata again.
type once map[string]string

// long is from how many characters on a text is not shown again.
const long = 300

// shown is where a text stands: that it stands there First, or already.
type shown struct {
	At    string // "" for a short text, which is shown each time
	First bool
}

func (o *once) look(text string) shown {
	if len(text) < long {
		return shown{First: true}
	}
	if *o == nil {
		*o = once{}
	}
	at, found := (*o)[text]
	if !found {
		at = fmt.Sprintf("body-%d", len(*o)+1)
		(*o)[text] = at
	}
	return shown{at, !found}
}
