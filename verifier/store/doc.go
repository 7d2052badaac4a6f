// Package store keeps the verifier's transactions in a database. Ids and secrets come hashed, response keys and verdicts
// sealed; what may happen once happens in one statement. What a transaction is, package presentation says. The tables
// verifier_transactions, _entries, _links and _gaps are those of transaction/store; its migrations stand here.
package store
