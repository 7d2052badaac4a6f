// Package oidc has the words of OpenID Connect that an OpenID Provider and its relying parties share. Requests,
// sessions, keys and time are their owners'; OAuth's own words are package oauth2's.
//
//	file           what                                            section
//	request.go     prompt, max_age, acr_values, ui_locales         OpenID Connect Core 1.0 section 3.1.2.1
//	acr.go         names of levels and methods                     ID-porten's documentation, id_token
//	idtoken.go     the ID token: sign, verify                      Core sections 2, 3.1.3.7
//	provider.go    the discovery document                          Discovery 1.0 sections 3, 4.3
//	logout.go      the logout token: sign, verify                  Back-Channel Logout 1.0 sections 2.4, 2.6
//	key.go         a signing key and its key set                   RFC 7517 section 5, RFC 7638
//	errors.go      why something is refused                        Core section 3.1.2.6
package oidc
