// Package store keeps the verifier's transactions in a database. Ids and secrets come hashed, response keys and verdicts
// sealed; what may happen once happens in one statement. What a transaction is, package presentation says.
package store
