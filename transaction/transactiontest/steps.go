// Package transactiontest reads what was recorded, for tests of the services.
package transactiontest

import (
	"strings"

	"lommebok.example/transaction"
)

// Steps are the names of the steps, with ! and the code where one was refused.
func Steps(said transaction.Transaction) string {
	var steps []string
	for _, e := range said.Entries {
		step := e.Step
		if e.Refusal != nil {
			step += "!" + e.Refusal.Code
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, " ")
}
