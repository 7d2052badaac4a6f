// Package transaction records what a wallet and a service said to each other, decoded and masked, so that the wallet's maker can
// see why a step was refused. It knows the fields of the specifications and no service: a service names its routes as Steps,
// and keeps what is recorded behind the interface Store, which transaction/store implements. The pages are in transaction/pages.
//
// A transaction is what one wallet does from an offer or its first request to the credential and what it tells of it, or what becomes
// of one question by a verifier. Nothing names it on the wire: requests are tied together by what links them.
//
//	link                                          joins                                   merges
//	request_uri, code, pre-authorized_code,       whoever has it took part: it was        yes
//	access_token, refresh_token, c_nonce,         given to one wallet
//	what observe.Linked notes
//	issuer_state                                  whoever saw the offer                   yes
//	header Lommebok-Transaction of a request      who was given the address               no
//	a key that a DPoP proof or a proof of         for ten minutes, when nothing above     no
//	possession was signed with, verified here     joins
//
// A Step that is Apart or Alone is tied by what observe.Linked notes and by nothing else.
//
// A client_id joins nothing: every installation of a wallet has the same. A value that came with a refused request joins what is
// known by it, and makes nothing known: otherwise whoever hands out a made-up offer could read along. Which replica a
// request came to makes no difference, nor does the order in which replicas write: two transactions that turn out to be one
// are merged.
//
// What is kept of a value is said by the table fields in fields.go; what is not in it is hidden. A secret shows its first six characters,
// and only when it has twenty or more, so that mix-ups are seen and nothing is opened by it. Signatures are dropped. Of a credential the
// names of the claims are kept and none of the values, of a holder's proof what it is bound to. Eleven digits in a row are hidden wherever they stand.
//
// Recording stands apart from the request: Middleware copies the bytes and hands them over; one goroutine decodes, masks, seals and
// writes them in batches. When it cannot follow, records are dropped and counted, and the page says so. A request never waits for it,
// nor fails because of it.
package transaction
