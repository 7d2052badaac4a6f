// Package phone is the telephone that holds the wallet: the MinID app and the authenticator app of the test people, and the
// pages on which a person uses them and the wallet. The wallet itself stands in package wallet; the app's wire in minid/app.
//
//	GET  /                          the credentials in the wallet
//	GET  /cards.css                 their colours
//	GET  /credentials/:id           one of them, in words and decoded to the byte
//	GET, POST /credentials/:id/delete   asks, and deletes it
//	GET, POST /receive              a link that is pasted, or a QR code in a picture; of what a camera sees, by Accept, where to go as JSON
//	GET  /offer                     credential_offer or credential_offer_uri: who offers what
//	POST /offer                     to the issuer's sign-in
//	GET  /callback                  the return from there (redirect_uri of OAuth)
//	GET  /refused/:id               why one of these ended, where its address cannot be asked for again
//	GET  /present                   client_id and request_uri: who asks for what
//	POST /present/:id               shares or declines
//	GET  /history                   what was shared with whom
//	GET  /timeline                  what the wallet sent and got
//	GET  /timeline/events           that there is more of it, as server-sent events
//	GET  /timeline.har              the same as HTTP Archive 1.2
//	GET  /phone                     one-time codes, paired apps, logins that wait
//	GET  /phone/events              what changes on that page, as server-sent events
//	GET, POST /phone/pair           whose a pairing code is
//	POST /phone/pair/confirm        pairs the MinID app with that person, or not
//	GET, POST /phone/approvals/:device   shows a login, approves or rejects it
//	GET  /health                    200
//	/assets                         web
package phone
