// Package check drives an issuer or a verifier through good and faulty flows, and says requirement by requirement what held.
//
// A requirement is data: what it is called, whose it is, where it stands, and how it is judged. It is judged by what was seen on the wire
// of good flows, or by something that was done wrong: a fault of package faults at an issuer, a broken answer at a verifier.
//
//	requirement.go         requirements, verdicts, the report
//	watch.go               what passes between the wallet and the other side
//	issuer*.go             good flows at an issuer and their requirements; faults.go what is done wrong there
//	verifier*.go           requests of a verifier and their requirements; answer.go, broken.go what it is answered
//	source.go              how a verifier comes to ask
//	config.go              how to sign in, and where requests come from, as a file
//	text.go, junit.go, html.go   the report for people and machines
//
// The outcomes are held, failed and not tested, the last with the reason: what the other side does not offer, or what could not be
// reached. Tokens, codes and what is about a person are masked in a report as in the wallet's log (package transaction).
package check
