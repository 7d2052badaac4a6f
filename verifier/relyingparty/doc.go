// Package relyingparty holds the services that ask for presentations: what they are called, why they ask, and the query
// they ask with. One file under services is one service; adding a service is adding a file. How a presentation is asked
// for and checked is package presentation's.
package relyingparty
