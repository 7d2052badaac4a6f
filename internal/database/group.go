package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// Write runs f in a transaction that writes, and tells of its end when it is durable. What f did is kept whole or not at
// all. f may run only statements of the Tx: on SQLite it holds the one connection that writes, and waiting for another
// would never end. When ctx is one of Together, f joins its transaction.
//
// On SQLite the transactions that wait while another is made durable are run one after the other in one transaction of
// the database, each behind a savepoint, so that they share the next wait for the disk. None of them is told of its end
// before that is durable. PostgreSQL does the same by itself.
func (db *DB) Write(ctx context.Context, f func(tx *Tx) error) error {
	if tx, ok := ctx.Value(txKey{db}).(*Tx); ok {
		return f(tx)
	}
	if db.group != nil {
		return db.group.do(ctx, f)
	}
	pool, err := db.W.DB()
	if err != nil {
		return err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := guarded(f, &Tx{Dialect: db.Dialect, ctx: ctx, via: pooled{tx, true}}); err != nil {
		return err
	}
	return tx.Commit()
}

// guarded makes an error of a panic: on SQLite it would end the goroutine that everybody writes by.
func guarded(f func(tx *Tx) error, tx *Tx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("database: panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return f(tx)
}

// txKey is where a context of Together holds the transaction of a database.
type txKey struct{ db *DB }

// Together runs f so that each Write with its context is part of one transaction, also those of several stores. When f
// fails nothing of it is kept; f must fail when a Write in it did.
func (db *DB) Together(ctx context.Context, f func(ctx context.Context) error) error {
	return db.Write(ctx, func(tx *Tx) error { return f(context.WithValue(ctx, txKey{db}, tx)) })
}

// ErrClosed is returned for a transaction that comes after Close.
var ErrClosed = errors.New("database: closed")

// maxGroup bounds the transactions that share a commit, and with it how long the first of them waits.
const maxGroup = 64

// group runs transactions, one after the other, on the one connection that writes.
type group struct {
	pool *sql.DB
	jobs chan *job

	mu     sync.RWMutex // held for reading while a job is handed over
	closed bool
	ended  chan struct{}
}

type job struct {
	ctx  context.Context
	f    func(tx *Tx) error
	err  error
	done chan struct{}
}

func newGroup(pool *sql.DB) *group {
	g := &group{pool: pool, jobs: make(chan *job, maxGroup), ended: make(chan struct{})}
	go g.run()
	return g
}

func (g *group) close() {
	g.mu.Lock()
	was := g.closed
	g.closed = true
	g.mu.Unlock()
	if !was {
		close(g.jobs)
	}
	<-g.ended
}

func (g *group) do(ctx context.Context, f func(tx *Tx) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan struct{})}
	if err := g.hand(j); err != nil {
		return err
	}
	<-j.done // also when the caller has gone away: what has begun ends
	return j.err
}

func (g *group) hand(j *job) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return ErrClosed
	}
	select {
	case g.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

func (g *group) run() {
	defer close(g.ended)
	for first := range g.jobs {
		jobs := g.waiting(first)
		if err := g.commit(jobs); err != nil {
			for _, j := range jobs {
				j.err = errors.Join(j.err, fmt.Errorf("database: %w", err))
			}
		}
		for _, j := range jobs {
			close(j.done)
		}
	}
}

// waiting gives the first job and those that are there by now. Whoever is about to bring one gets the processor first: where
// nobody is, that costs nothing, and under load more share the wait for the disk.
func (g *group) waiting(first *job) []*job {
	jobs := []*job{first}
	runtime.Gosched()
	for len(jobs) < maxGroup {
		select {
		case j, open := <-g.jobs:
			if !open {
				return jobs
			}
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// commit runs the jobs in one transaction. Its error means that none of them is kept.
func (g *group) commit(jobs []*job) error {
	ctx := context.Background()
	return directly(ctx, g.pool, func(via direct) error {
		if _, err := via.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
			return err
		}
		err := runAll(via, jobs)
		if err != nil {
			_, _ = via.exec(ctx, "ROLLBACK", nil) // fails when the transaction has ended by itself
		}
		return err
	})
}

// runAll runs the jobs and commits what they did. A single job needs no savepoint.
func runAll(via direct, jobs []*job) error {
	kept := 0
	for _, j := range jobs {
		if len(jobs) == 1 {
			j.err = j.call(via)
		} else if err := j.behindSavepoint(via); err != nil {
			return err
		}
		if j.err == nil {
			kept++
		}
	}
	end := "COMMIT"
	if kept == 0 {
		end = "ROLLBACK"
	}
	_, err := via.exec(context.Background(), end, nil)
	return err
}

// behindSavepoint runs one job so that its failure undoes nothing of the others. It fails when SQLite has ended the
// transaction by itself, as on a full disk; then the job is the last one.
func (j *job) behindSavepoint(via direct) error {
	ctx := context.Background()
	if _, err := via.exec(ctx, "SAVEPOINT one", nil); err != nil {
		return err
	}
	if j.err = j.call(via); j.err != nil {
		if _, err := via.exec(ctx, "ROLLBACK TO one", nil); err != nil {
			return err
		}
	}
	_, err := via.exec(ctx, "RELEASE one", nil)
	return err
}

// call runs the job, unless its caller has gone away meanwhile.
func (j *job) call(via direct) error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	return guarded(j.f, &Tx{Dialect: SQLite, ctx: context.WithoutCancel(j.ctx), via: via})
}
