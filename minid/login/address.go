package login

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// TooManyFrom tells that too much came from the network address of the person, and when to try again. It says nothing of
// any account, because it depends on none.
func (p *Pages) TooManyFrom(c *gin.Context, refused minid.ErrAddress, back, words string) {
	p.Site.Problem(c, web.Problem{
		Status: http.StatusTooManyRequests, Code: "too_many_from_address", TextKey: "limit.address",
		Args: []any{"n", minutes(refused.RetryAfter)}, RetryAfter: refused.RetryAfter,
		ReturnURL: back, ReturnTextKey: words,
	})
}
