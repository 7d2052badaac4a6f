// Package server is the wiring of the verifier: New shows every part, how it is made and what it is given. Its pages and
// their JSON stand here too. How a presentation is asked for and judged is package presentation's, which services ask is
// package relyingparty's.
//
//	route                          owner
//	GET  /                         the services
//	POST /services/:service/start  starts a transaction; 303 to it
//	GET  /transactions/:id         its page, or JSON by Accept: links while it is open, the verdict when there is one
//	GET  /transactions/:id/state   what the page asks for while it waits
//	GET  /done                     where the wallet on the same device sends the browser, with response_code
//	GET  /trust/access-ca.pem      the trust anchor for wallets
//	GET  /workbench                a query against example credentials; POST with one of one's own
//	GET  /health                   200, or 503 when the database does not answer
//	/requests/:id, /responses/:id  presentation
//	/records/:id                   transaction/pages: what a wallet and the verifier said, masked, where Config.Transactions is set
//	/api                           api
//	/demo/:service                 demo
//	/eid/:service                  eidclient
//	/par, /authorize, /token, …    authserver: the OpenID Provider of services that log people in with their wallets; the page
//	                               of such a login stands at /authorize/consent/:id
//	POST /wallet-login/:id/again   begins such a login again, with another transaction
//	/assets                        web
//
// A transaction of a relying party has no page here: the wallet on the same device sends the browser to the party.
//
// JSON of a transaction; links only while it waits, error only when the wallet refused, verdict only when there is one:
//
//	{"id", "service", "state": "waiting|fetched|answered|refused|expired", "expires",
//	 "link": "openid4vp://… same device", "qr": "openid4vp://… cross device", "wallet": "https://… the wallet in the browser",
//	 "error", "record": "https://… what the wallet and the verifier say, where it is recorded",
//	 "verdict": {"accepted", "checks": […], "credentials": […]}}
//
// The data folder holds, made at the first start: a key and a certificate for each of access-ca and access, and the
// secrets seal, dpop-nonce and pairwise; below keys, those that sign ID tokens; in relying-parties what relying parties authenticate
// with and ask by; and the trust lists as they were fetched, in trust-lists. Whom the verifier trusts, and for which types, is read
// from the folders issuers and lists below the trust folder, again whenever a file there has changed (package trust).
package server
