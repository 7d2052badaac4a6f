package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// FieldError is one thing to correct in a form.
type FieldError struct {
	Field string // the id of the input
	Text  string // in the person's language; names the field, says what is wrong and what to do
}

// Form is embedded in the data of a page with a form. The layout sees Invalid, the templates "error_summary" and
// "field_error" show the errors.
type Form struct {
	Token  string // for the hidden field "token", see FormToken
	Errors []FieldError
}

// Invalid tells whether there is something to correct.
func (f Form) Invalid() bool { return len(f.Errors) > 0 }

// Wrong gives the error of a field, "" when there is none.
func (f Form) Wrong(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// PollAnswer is what an address named by data-poll answers: assets/lommebok.js shows Text in the live region and Note
// beside it, and asks for the page anew when Done.
type PollAnswer struct {
	Text string `json:"text"`
	Note string `json:"note,omitempty"`
	Done bool   `json:"done"`
}

// Poll writes a PollAnswer.
func (s *Site) Poll(c *gin.Context, answer PollAnswer) {
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, answer)
}
