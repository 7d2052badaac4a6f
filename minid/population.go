package minid

import "context"

// Resident is what the population register says of a person. Address is what stands on an envelope, a line each,
// without the name; empty when the register has no address to send to.
type Resident struct {
	PID, Name string
	BirthDate string // YYYY-MM-DD; from 2032 the number does not tell it
	Address   []string
}

// Population is the population register (Folkeregisteret): who there is, and where letters reach them. Accounts are
// made only of people it knows.
type Population interface {
	// Resident finds by identity number or D-number: ErrNotFound.
	Resident(ctx context.Context, pid string) (*Resident, error)
}
