package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"gorm.io/gorm"
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

// guarded makes an error of a panic: on SQLite it would end the one that everybody else waits for.
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

// Joined gives a context in which each Write is part of a transaction of gorm, as in Together.
func (db *DB) Joined(g *gorm.DB) context.Context {
	return context.WithValue(g.Statement.Context, txKey{db}, db.Within(g))
}

// ErrClosed is returned for a transaction that comes after Close.
var ErrClosed = errors.New("database: closed")

// maxGroup bounds the transactions that share a commit, and with it how long the first of them waits.
const maxGroup = 64

// group runs transactions, one after the other, on the one connection that writes. Whoever comes while nobody writes leads: it
// runs what waits, its own job first, and when that is durable the first of those that came meanwhile leads the next. So no
// goroutine stands between a caller and the database, and one that is alone waits for no other.
type group struct {
	pool *sql.DB

	mu      sync.Mutex
	idle    *sync.Cond // nobody leads
	queue   []*job     // the first is the leader's, until it has taken it
	leading bool
	closed  bool
}

type job struct {
	ctx    context.Context
	f      func(tx *Tx) error
	err    error
	leader bool          // of the next transaction; it stays in the queue until then
	turn   chan struct{} // closed when the job has ended or has become the leader's; nil for who led from the start
}

func newGroup(pool *sql.DB) *group {
	g := &group{pool: pool}
	g.idle = sync.NewCond(&g.mu)
	return g
}

// close waits for what was brought before.
func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for g.leading {
		g.idle.Wait()
	}
}

func (g *group) do(ctx context.Context, f func(tx *Tx) error) error {
	j := &job{ctx: ctx, f: f}
	if err := g.join(j); err != nil {
		return err
	}
	if j.turn != nil {
		if err := g.wait(j); err != nil {
			return err
		}
	}
	if j.leader {
		g.lead()
	}
	return j.err
}

// join queues a job, which leads when nobody does.
func (g *group) join(j *job) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.queue = append(g.queue, j)
	if g.leading {
		j.turn = make(chan struct{})
	} else {
		g.leading, j.leader = true, true
	}
	return nil
}

// wait is until the job has ended or leads. A caller that goes away before either takes its job with it; what has begun ends.
func (g *group) wait(j *job) error {
	select {
	case <-j.turn:
		return nil
	case <-j.ctx.Done():
	}
	if g.leave(j) {
		return j.ctx.Err()
	}
	<-j.turn
	return nil
}

func (g *group) leave(j *job) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.queue, j)
	if at < 0 || j.leader {
		return false
	}
	g.queue = slices.Delete(g.queue, at, at+1)
	return true
}

// lead runs the jobs that are there by now in one transaction, and hands over. Whoever is about to bring one gets the processor
// first: where nobody is, that costs nothing, and under load more share the wait for the disk.
func (g *group) lead() {
	runtime.Gosched()
	jobs := g.take()
	if err := g.commit(jobs); err != nil {
		for _, j := range jobs {
			j.err = errors.Join(j.err, fmt.Errorf("database: %w", err))
		}
	}
	g.handOver()
	for _, j := range jobs[1:] { // the first is the leader's own
		close(j.turn)
	}
}

func (g *group) take() []*job {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), maxGroup)
	jobs := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	return jobs
}

func (g *group) handOver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.leading = false
		g.idle.Broadcast()
		return
	}
	next := g.queue[0]
	next.leader = true
	close(next.turn)
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
