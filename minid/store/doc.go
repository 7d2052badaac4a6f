// Package store keeps the tables of minid and of its authorization server, on SQLite or PostgreSQL. Secrets come hashed or
// sealed. What may happen once is taken in one statement with its binding in the WHERE, and exactly one row affected.
//
//	migrations/*/0001_minid.sql       people, factors, sign-ins, sessions, the app's devices and attempts
//	migrations/*/0008_letters.sql     activation letters: orders, letters, registrations under way
//	migrations/*/0002_authserver.sql  pushed requests, grants with code and token, proofs that were used
package store
