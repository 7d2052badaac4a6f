// Package demo is three services on the API of relying parties: Lånekassen, Skatteetaten and an age check. Each has what a service of
// somebody else has, and nothing more: the address of the verifier, its own credentials, and package apiclient.
//
//	GET  /demo/:service                what the service asks for, and why
//	POST /demo/:service/ask            asks
//	GET  /demo/:service/answer         waits for the wallet, and then says what the service learned
//	GET  /demo/:service/answer/state   the same for the script of the page
//	GET  /demo/:service/back           the browser comes back from a wallet on the same device
//
// A service keeps nothing: the cookie of the browser has the handle of the presentation, and the API has the result, as long as the
// relying party's file says.
package demo
