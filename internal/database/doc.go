// Package database opens the one database of a service and brings its tables up to date. It knows no table:
// rows and statements live in the stores.
//
//	DSN                       database
//	sqlite:<path>             SQLite, one file, one writer connection, for a service that runs once
//	postgres://user@host/db   PostgreSQL, for a service that runs as several replicas
//
//	way in               for
//	W, R                 gorm
//	Write, Row           the statements of hot paths, without gorm; writers that wait share a commit on SQLite
//	Together             one transaction over several stores: a Write with its context joins it
//	Within               the statements of a Tx in a transaction of gorm
package database
