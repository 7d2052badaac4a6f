// Package database opens the one database of a service and brings its tables up to date. It knows no table:
// rows and statements live in the stores.
//
//	DSN                       database
//	sqlite:<path>             SQLite, one file, one writer connection, for a service that runs once
//	postgres://user@host/db   PostgreSQL, for a service that runs as several replicas
package database
