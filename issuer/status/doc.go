// Package status publishes whether credentials still hold, as Token Status Lists (draft-ietf-oauth-status-list).
// Which index a credential has, and when a status changes, is written by package store; the form of a list is
// package statuslist.
//
//	route                  answer
//	GET /statuslists       the addresses of all lists that credentials stand on (section 9.4)
//	GET /statuslists/:id   the list as application/statuslist+jwt, or as application/statuslist+cwt when Accept says so;
//	                       with time=SECONDS as it was then, in the last 30 days (section 8.4)
//	GET /identifierlists/:id  the same list by its other mechanism: application/identifierlist+cwt (ISO/IEC 18013-5, second edition,
//	                       12.3.6), which names what is revoked. Only a list of one bit has it
//
// A list has as many bits an entry as the types of its credentials say: one for valid and invalid, more where a credential can be
// suspended. Once invalid, an entry stays so. One entry of 64 is a decoy. A list is given up for another when half of it is taken.
//
// A list is signed when it has changed or half its life is over, and is ready bytes between: a request costs one read of its version,
// by which a change at one replica is seen at all.
package status
