// Package store keeps the issuer's tables: used nonces, status lists and what was issued to whom. It implements the
// interfaces that issuance, status and the pages of server declare; its row types stay here.
//
//	table                   rows
//	issuer_used_nonces      a c_nonce that a key proof has used
//	issuer_status_lists     a status list and its version
//	issuer_issuances        one answer of the credential endpoint
//	issuer_status_entries   the status of one copy
//	issuer_audit_entries    the audit log, see package audit
//	issuer_audit_checkpoints  its signed checkpoints
//	issuer_audit_persons    the key of each person's pseudonym in it
//	issuer_transactions      what wallets and the issuer said, see packages transaction and transaction/store; _entries, _links and _gaps beside it
//
// What may happen once is one statement whose number of rows decides. Times are whole seconds since 1970, those of the audit
// log milliseconds.
package store
