// Package cases is what case workers do with credentials: find those of a person, suspend, restore and revoke them, one by one or
// many at once. Many at once is proposed by one and approved by another; it is then carried out in steps, each whole, by whichever
// process comes next, so that it goes on after a restart.
//
// Everything is in the audit log: a search with its reason before anything is shown, each change, and each decision. The package knows no HTTP and
// no SQL; its pages are in package server.
//
//	Core.Find                   the credentials of a person, by identity number
//	Core.Change                 one of them
//	Core.Propose, Core.Decide   many
//	Core.Run                    what has been approved
package cases
