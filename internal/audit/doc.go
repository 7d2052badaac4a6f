// Package audit is a log of events that shows when it was tampered with: each entry carries the hash of the one before,
// and signed checkpoints say what the hash was. Where entries are kept is a store's business, and how a checkpoint is
// signed its service's; this package needs neither, so that a copy can be verified by whoever has one.
//
// # Entry
//
// The hash of an entry is the SHA-256 of these bytes, one after the other. A text is its length in bytes, as 4 bytes, and
// then its bytes in UTF-8. Numbers have their highest byte first.
//
//	text     "lommebok-audit-1"
//	8 bytes  seq: 1 for the first entry, one more for each
//	8 bytes  at: milliseconds since 1970-01-01T00:00:00Z
//	text     kind, what happened, such as issuance.intent
//	text     actor, who did it
//	text     subject, whom it is about; may be empty
//	text     object, the identifier of what it is about; may be empty
//	text     outcome
//	4 bytes  number of details; for each, in the order of the names' bytes: text name, text value
//	32 bytes prev: the hash of the entry before; zeros for the first
//
// # Persons
//
// Actor and subject are "p:" and a pseudonym of a person, or "s:" and the name of something that is no person. A pseudonym is
// the first 16 bytes, in base64url, of the HMAC-SHA-256 of the person's identifier under a random key of that person's own.
// When that key is deleted the entries speak of nobody any more, and the chain holds, since it was made of the pseudonym.
//
// # Checkpoint
//
// A compact JWS with typ lommebok-audit-checkpoint+jwt and alg ES256, of {"log", "seq", "hash", "at"}: the entry seq of the log
// has this hash in base64url, at this time in milliseconds.
//
// # Copy
//
// Lines of JSON: first {"key": the JWK that the checkpoints are signed with}, then {"entry": …} and {"checkpoint": "…"} in
// order. The last line is a checkpoint of the last entry, so that a copy that was cut off shows it. Whoever can change the
// rows of the store can also cut off what came after the last checkpoint, and nothing in a later copy tells; so checkpoints
// are made often, and written to the service's log, which is kept elsewhere.
package audit
