// Package load has many holders come to an issuer or a verifier at a rate that does not care how the server fares (an open loop), and
// says what became of each arrival.
//
//	Config.Plan    when who comes, and for what: a Poisson process, the same for the same seed
//	Run            sends what was planned, and never waits for an answer before the next
//	Report         rates, outcomes that add up, percentiles; as text, JSON, and Chart as SVG
//	Prepare        holders with credentials of their own, got before anything is measured
//
// An answer's time counts from when its arrival was planned, not from when it was sent: what a slow server holds up is its own. A
// holder does one thing at a time; who arrives when every holder is at something is not sent, and counted as that.
package load
