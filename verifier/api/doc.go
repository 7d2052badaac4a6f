// Package api is how relying parties use the verifier: ask in one call, get a yes or a no with every reason. What a wallet is
// asked and how its answer is judged is package presentation's; who may ask for what is package relyingparty's.
//
//	GET  /.well-known/oauth-authorization-server/api   metadata                                     RFC 8414 3
//	POST /api/token                                    client credentials for an access token        RFC 6749 4.4
//	POST /api/presentations                            asks; gives a handle and links for the wallet
//	GET  /api/presentations/:handle                    how it stands; ?wait= seconds for a change
//	GET  /api/presentations/:handle/events             the same as server-sent events               HTML 9.2
//	GET  /api/presentations/:handle/result             the verdict; ?wait= seconds for it
//	POST /api/presentations/:handle/result             the verdict, for the response_code that the browser brought
//	POST /api/presentations/:handle/cancel             nothing can be answered any more
//	POST /api/webhooks/replay                          sends again what was sent before
//
// A handle is the id of a presentation and, behind a dot, the secret by which it was asked for. The secret is stored nowhere:
// the links are made from it, and the verdict is given for it alone, to the relying party that asked.
//
// A verdict of a wallet on the same device is released for the response_code that the browser brings to the relying party's own
// address (HAIP 1.0 section 5.1), so that who lures somebody to a link does not learn what that person shows.
//
// Refusals: {"code", "description", "expected", "came", "section", "trace_id"}; those of the token endpoint are RFC 6749's.
package api
