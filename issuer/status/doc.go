// Package status publishes whether credentials still hold, as Token Status Lists (draft-ietf-oauth-status-list).
// Which index a credential has, and when a status changes, is written by package store; the form of a list is
// package statuslist.
//
//	route                  answer
//	GET /statuslists/:id   the list as application/statuslist+jwt, or as application/statuslist+cwt when Accept says so
//
// A list has one bit an entry: valid or invalid. Once invalid, an entry stays so.
package status
