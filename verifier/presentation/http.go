package presentation

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
)

// maxPost bounds the body of an answer.
const maxPost = 1 << 20

// maxWords bounds what a wallet tells of itself when it fetches a request.
const maxWords = 64 << 10

// Mount puts the wallet's addresses on r.
func (s *Service) Mount(r gin.IRouter) {
	r.GET("/requests/:id", s.getRequest)
	r.POST("/requests/:id", s.postRequest)
	r.POST("/responses/:id", s.postResponse)
}

func (s *Service) getRequest(c *gin.Context) { s.sendRequest(c, nil) }

func (s *Service) postRequest(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxWords)
	if err := c.Request.ParseForm(); err != nil {
		s.refuse(c, formError(err, "5.10"))
		return
	}
	s.sendRequest(c, c.Request.PostForm)
}

func (s *Service) sendRequest(c *gin.Context, form url.Values) {
	c.Header("Cache-Control", "no-store")
	jwt, err := s.RequestObject(c.Request.Context(), c.Param("id"), form)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Data(http.StatusOK, openid4vp.RequestMediaType, []byte(jwt))
}

func (s *Service) postResponse(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxPost)
	if err := c.Request.ParseForm(); err != nil {
		s.refuse(c, formError(err, "8.2"))
		return
	}
	answer, err := s.Answer(c.Request.Context(), c.Param("id"), c.Request.PostForm)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.JSON(http.StatusOK, answer)
}

func formError(err error, section string) *oauth2.Error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return oauth2.NewError(http.StatusRequestEntityTooLarge, oauth2.InvalidRequest, "body: expected at most %d bytes", large.Limit)
	}
	return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "body: expected application/x-www-form-urlencoded (OpenID4VP 1.0 section %s)", section)
}

// refuse answers a wallet. What is unknown, over and taken is the same to it.
func (s *Service) refuse(c *gin.Context, err error) {
	var e *oauth2.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrTaken):
		e = oauth2.NewError(http.StatusNotFound, oauth2.InvalidRequest, "expected a request that is open; got one that is unknown, has expired or has been answered")
	default:
		s.Log.ErrorContext(c.Request.Context(), "failure", "trace_id", observe.TraceID(c.Request.Context()), "cause", err.Error())
		c.Status(http.StatusInternalServerError)
		return
	}
	s.Refuse(c, e)
}

// Refuse answers with a refusal, which names the page that shows it where it is recorded and the refusal names none.
func (s *Service) Refuse(c *gin.Context, e *oauth2.Error) {
	observe.Refused(c.Request.Context(), e.Code)
	if told := *e; told.URI == "" {
		told.URI = observe.Recorded(c.Request.Context())
		e = &told
	}
	s.Log.InfoContext(c.Request.Context(), "refused", "trace_id", observe.TraceID(c.Request.Context()), "code", e.Code, "description", e.Description)
	oauth2.WriteError(c.Writer, e)
}
