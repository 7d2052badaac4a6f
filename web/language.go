package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

// languageCookie is shared by the services of a host: a person has one language, whichever of them they visit. It is no
// secret and proves nothing, so it has no __Host- prefix.
const languageCookie = "lommebok_lang"

var matcher = language.NewMatcher([]language.Tag{
	language.MustParse("nb"), language.MustParse("nn"), language.MustParse("en"),
})

// Lang is the language of the answer: ?lang= of this request, else what the person chose before (cookie), else what the
// browser asks for (Accept-Language), else nb.
func Lang(c *gin.Context) string {
	if lang := c.Query("lang"); slices.Contains(Languages, lang) {
		return lang
	}
	if lang, err := c.Cookie(languageCookie); err == nil && slices.Contains(Languages, lang) {
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
	return Languages[i]
}

// rememberLanguage keeps a choice made with ?lang= for a year.
func (s *Site) rememberLanguage(c *gin.Context) {
	lang := c.Query("lang")
	if c.Request.Method != http.MethodGet || !slices.Contains(Languages, lang) {
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

var languageNames = map[string]string{"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}

// languageLinks keep the query of the page. What was posted cannot be asked for again: there they lead to the home page.
func (s *Site) languageLinks(c *gin.Context, current string) []languageLink {
	links := make([]languageLink, 0, len(Languages))
	for _, lang := range Languages {
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
