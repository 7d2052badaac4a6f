// Package login says what a login with a wallet rests on: which credentials let a person in at which level of assurance, what
// is asked of the wallet for it, and who the person is by an accepted answer. The OpenID Provider around it is package
// minid/authserver's, the presentation package presentation's, the page package server's.
//
// A level is the operator's judgement on a type of credential (Trust). What a credential says of its own level is never
// read, and neither is a name: services that log people in are given the national identity number alone.
package login
