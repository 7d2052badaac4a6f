// Package web renders the pages of all services: layout, styles, script, texts in nb, nn and en, the problem page, the
// accessibility statement, QR codes, cookies, and what guards forms. It knows no service: what a page is about comes in as data from its owner, in
// minid/login, minid/authserver, issuer, verifier or wallet-sim.
//
// # How to add a page
//
//  1. templates/<area>_<page>.html defines "title" (plain text) and "main" (one h1, inside <div class="ds-card lb-card">).
//     It may define "head" (meta refresh in noscript) and "width" ("lb-wide"). What the pages of an area share stands in
//     templates/<area>_partials.html; what all pages share is in common_partials.html.
//  2. texts/<area>.nb.yaml, .nn.yaml and .en.yaml hold its texts: flat, each key beginning with the area. Values are
//     strings, in quotes when they look like a number, hold ": " or begin with a brace. {name} or {0} is an argument.
//  3. The handler calls site.Render(c, http.StatusOK, "<area>_<page>", data).
//
// Each page has a visit with webtest in the tests of its service, which fail for pages they have not seen.
//
// The package's tests fail when a key lacks a language, when a template or a TextKey names a key that is not there, or when
// a key is used nowhere.
//
// # What a template has
//
//	.Lang .Path .Nonce .Home .TraceID      of the request; .Data is what Render got
//	{{t "area.key" "name" value}}          a text, escaped where it stands; or {{t "area.key" value}} for {0}
//	{{tn "area.key" n}}                    area.key.one or area.key.many, with {n}
//	{{template "error_summary" .Data}}     first in main, when Data embeds web.Form
//	{{template "field_error" (dict "ID" "pid" "Text" (.Data.Wrong "pid"))}}
//	{{template "token" .Data}}             in every form that posts
//	{{template "live" (dict "Poll" "/path" "Text" "…" "Note" "")}}   a status that the script asks for, see PollAnswer
//	{{template "copy" (dict "ID" "id")}}   a button that copies the text of an element
//	{{template "steps" (steps 2 "a.step.number" "a.step.code")}}   "Step 2 of 2: …", before the h1 of a page in a flow
//	{{template "countdown" .Data.Limit}}   a Limit: when the time is up, a warning a minute before, and a way on
//	{{clock .Data.At}}                     the time of day in Norway
//	<button{{langOf "a.key"}}>{{t "a.key"}}</button>   marks a text that is not in the page's language, see Languages
//	{{qr .Data.Address}}                   an SVG; beside it a link and the same in words
//	{{walletAddress .Data.Address}}        in href, for schemes such as openid4vp
//	{{asset "name"}}                       the address of a file in assets
//
// # Routes
//
//	GET /assets/*          styles, script, font; may be cached for ever under the address that {{asset}} gives
//	GET /tilgjengelighet   the accessibility statement
//
// # Languages
//
// nb, nn and en are complete: Languages. A person can choose Northern Sami (se) too: Offered. It has the texts that are known
// to be right and no others, in texts/<area>.se.yaml; the page is then nb, says so in <html lang>, has a note on top that the
// translation is partial, and marks each text in se with lang="se" by {{langOf}}. Lang is the page's language and never se,
// so services need not know of it; Chosen is the person's.
//
// # Headers
//
// Every page has a Content-Security-Policy without inline script or style, nosniff, no-referrer, no framing, COOP, no-store,
// and HSTS when the service is Secure. A POST that leads to another origin, by however many redirects, needs FormActions on
// the page that holds the form.
package web
