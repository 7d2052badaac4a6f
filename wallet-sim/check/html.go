package check

import (
	_ "embed"
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
}).Parse(reportHTML))

// HTML writes the report as one page, which needs no other file and no script.
func (r *Report) HTML(w io.Writer) error { return page.Execute(w, r) }
