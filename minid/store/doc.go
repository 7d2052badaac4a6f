// Package store keeps the tables of minid, of its authorization server and of MinID in schools, on SQLite or PostgreSQL.
// Secrets come hashed or sealed. What may happen once is taken in one statement with its binding in the WHERE, and exactly
// one row affected.
//
//	migrations/*/0001_minid.sql       people, factors, sign-ins, sessions, the app's devices and attempts
//	migrations/*/0008_letters.sql     activation letters: orders, letters, registrations under way
//	migrations/*/0002_authserver.sql  pushed requests, grants with code and token, proofs that were used
//	migrations/*/0009_school.sql      who may vouch for which class, and who vouched for whom
package store
