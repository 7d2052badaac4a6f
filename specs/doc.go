// Package specs holds one package a specification, issuing and verifying side by side; see its README.md. It has no
// code of its own but the test that keeps the imports of the whole module in order.
package specs
