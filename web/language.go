package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

// partial is a language that has few texts of its own: what it lacks is shown in defaultLanguage.
const partial = "se"

// Offered are the languages a person can choose: those that are complete, and Northern Sami, which is not.
var Offered = append(slices.Clone(Languages), partial)

// languageCookie is shared by the services of a host: a person has one language, whichever of them they visit. It is no
// secret and proves nothing, so it has no __Host- prefix.
const languageCookie = "lommebok_lang"

var matcher = language.NewMatcher([]language.Tag{
	language.MustParse("nb"), language.MustParse("nn"), language.MustParse("en"), language.MustParse("se"),
})

// suggestedCookie holds the language that a service wants for the person who comes from it.
const suggestedCookie = "lommebok_suggested_lang"

// Lang is the language of the answer, one of Languages: Chosen, or nb where that is not complete.
func Lang(c *gin.Context) string {
	if lang := Chosen(c); lang != partial {
		return lang
	}
	return defaultLanguage
}

// Chosen is the language of the person, one of Offered: ?lang= of this request, else what the person chose before
// (cookie), else what the service that the person comes from suggested, else what the browser asks for
// (Accept-Language), else nb.
func Chosen(c *gin.Context) string {
	if lang := c.Query("lang"); slices.Contains(Offered, lang) {
		return lang
	}
	if lang, err := c.Cookie(languageCookie); err == nil && slices.Contains(Offered, lang) {
		return lang
	}
	if lang := suggested(c); lang != "" {
		return lang
	}
	tags, _, err := language.ParseAcceptLanguage(c.GetHeader("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return defaultLanguage
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return defaultLanguage
	}
	return Offered[i]
}

// suggested is the suggestion made in this request, else the one of an earlier request.
func suggested(c *gin.Context) string {
	lang, made := c.Get(suggestedCookie)
	if !made {
		lang, _ = c.Cookie(suggestedCookie) // no cookie is no suggestion
	}
	if text, ok := lang.(string); ok && slices.Contains(Offered, text) {
		return text
	}
	return ""
}

// SuggestLanguage makes lang the language until the browser closes, unless the person has chosen another; "" takes an
// earlier suggestion back.
func (s *Site) SuggestLanguage(c *gin.Context, lang string) {
	c.Set(suggestedCookie, lang)
	cookie := &http.Cookie{
		Name: suggestedCookie, Value: lang, Path: "/", Secure: s.cfg.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if lang == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.Writer, cookie)
}

// rememberLanguage keeps a choice made with ?lang= for a year.
func (s *Site) rememberLanguage(c *gin.Context) {
	lang := c.Query("lang")
	if c.Request.Method != http.MethodGet || !slices.Contains(Offered, lang) {
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		Secure: s.cfg.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// languageLink leads to the page at hand in another language. Names of languages stand in their own language.
type languageLink struct {
	Code, Name, Href string
	Current          bool
}

var languageNames = map[string]string{"nb": "Bokmål", "nn": "Nynorsk", "en": "English", "se": "Davvisámegiella"}

// languageLinks keep the query of the page. What was posted cannot be asked for again: there they lead to the home page.
func (s *Site) languageLinks(c *gin.Context, current string) []languageLink {
	links := make([]languageLink, 0, len(Offered))
	for _, lang := range Offered {
		href, query := s.cfg.HomePath, c.Request.URL.Query()
		if c.Request.Method == http.MethodGet {
			href = c.Request.URL.EscapedPath()
		} else {
			query = map[string][]string{}
		}
		if !LocalPath(href) {
			href = s.cfg.HomePath
		}
		query.Set("lang", lang)
		links = append(links, languageLink{Code: lang, Name: languageNames[lang], Href: href + "?" + query.Encode(), Current: lang == current})
	}
	return links
}
