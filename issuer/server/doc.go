// Package server is the wiring of the issuer: New shows every part, how it is made and what it is given. The pages that
// belong to the issuer alone stand here too. The protocols are in issuance, status, and minid with its neighbours.
//
//	route                          owner
//	GET  /                         which credentials there are
//	POST /offers                   makes an offer of one or several, for the authorization code flow
//	GET  /offers/:state            the offer: QR code, links, text; /credential-offer below it is for the wallet
//	GET, POST /pre-authorized      who is signed in makes an offer with a pre-authorized code
//	GET  /pre-authorized/:id       that offer, to the session that made it
//	GET  /credential-offers/:reference   that offer, to the wallet
//	GET  /mine                     what was issued to the person
//	GET, POST /mine/:id/revoke     asks, then revokes
//	GET  /trust/iaca.pem           the trust anchor
//	GET  /trust/iaca.crl           which of its certificates are revoked: those that lie in the data folder's revoked/*.pem
//	GET  /health                   200, or 503 when the database does not answer
//	/.well-known/openid-credential-issuer, /nonce, /credential    issuance
//	/.well-known/jwt-vc-issuer, /types/:vct                       issuance
//	/statuslists/:id                                              status
//	/.well-known/oauth-authorization-server, /par, /authorize, /token   minid/authserver
//	/.well-known/openid-configuration, /jwks.json, /userinfo, /tokeninfo, /revoke, /endsession   minid/authserver
//	GET  /wallet-login/callback    walletlogin, where it is configured
//	/login, /logout, /minid                                       minid/login
//	/minid/app                                                    minid/app
//	/school, /enrol                                               minid/school/pages
//	/transactions, /operator/transactions                         transaction/pages, where transactions are recorded
//	/assets                                                       web
//
// The data folder holds, made at the first start: keys by purpose with their certificates (keys/iaca, document-signer,
// credential-issuer, status-signer, access, openid), and the secrets dpop-nonce, c-nonce, pepper, seal, pairwise and offer.
package server
