// Package browser is a browser without a window: it opens pages, keeps cookies, follows redirects, and answers the forms of
// a sign-in and of a consent as a person would. It knows pages by what stands in them: a field
// called pid beside one called password, a field called code, a button answer with the value yes, a number to type in the
// MinID app, and where there is none of these, a link that cancels.
//
//	Browser.Open, Submit     one page, and what follows from a form
//	Browser.Authorize        from an authorization request to the redirect_uri
//	Page                     heading, texts, forms and links of a page
package browser
