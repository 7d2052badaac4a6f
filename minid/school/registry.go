package school

import "context"

// Registry says which schools there are and who goes there. It may be a file or a school system behind a network; it holds
// identity numbers and no names, which are the population register's.
type Registry interface {
	// Schools are those of an owner, by organisation number.
	Schools(ctx context.Context, owner string) ([]School, error)
	// School finds by organisation number: ErrNotFound.
	School(ctx context.Context, number string) (*School, error)
	// Employees are the identity numbers of who works at a school: ErrNotFound.
	Employees(ctx context.Context, school string) ([]string, error)
	// Pupils are the identity numbers of a class: ErrNotFound.
	Pupils(ctx context.Context, school, class string) ([]string, error)
}

// School is one with its classes. Number and Owner are organisation numbers, classes are unique within the school.
type School struct {
	Number, Name, Owner string
	Classes             []string
}
