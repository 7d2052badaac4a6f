// Package eidclient is two demonstration services that log people in with MinID: relying parties of the OpenID Provider,
// which they know by its address alone. Presentations from a wallet are package presentation's.
//
//	route                          section
//	GET  /eid/:service             the service's page: log in, or who is logged in and all that the ID token says
//	POST /eid/:service/login       pushes a request; 303 to the provider (RFC 9126)
//	GET  /eid/:service/callback    the provider's answer (RFC 6749 section 4.1.2, RFC 9207, OpenID Connect Core 3.1.3)
//	GET  /eid/:service/loggedout   where the provider sends the browser after a logout
//	GET  /eid/:service/frontchannel   Front-Channel Logout 1.0 section 2
//	POST /eid/:service/backchannel    Back-Channel Logout 1.0 section 2.5
package eidclient
