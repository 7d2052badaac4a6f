package transaction

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound: there is no such transaction, or it is over.
var ErrNotFound = errors.New("transaction: not found")

// Record is an entry as it is kept. Hashes are keyed: the database opens nothing.
type Record struct {
	ID     string // sorted, those of one process come in their order
	At     time.Time
	Step   string
	Status int
	Code   string // of the refusal, "" for none
	Client string
	Sealed []byte
	Pages  []string // hashes of the addresses that show the transaction of this record

	// Secrets are what links it, the strongest first. Firm tells that the service took the request: its secrets are real then, and
	// whatever came with them before belongs to it.
	Secrets []string
	Firm    bool
	// Tries are what earlier tries of the same step are known by, which belong to it too.
	Tries []string
	// Joins are what it joins by when nothing above does, the first that is known; Leaves what others may join it by.
	Joins  []string
	Leaves []Leave
}

// Leave is what requests that began before Until may join a transaction by. A replica may write late: what it leaves then opens
// nothing that has been closed meanwhile.
type Leave struct {
	Hash  string
	Until time.Time
}

// Kept is a transaction as the store gives it.
type Kept struct {
	ID          string
	Begun, Last time.Time
	LeftOut     int // entries that were too many or too large
	Dropped     int // records of any transaction that were dropped meanwhile
	Rows        []Row
}

// Row is one sealed entry.
type Row struct {
	ID     string
	Sealed []byte
}

// Summary is a transaction in a list.
type Summary struct {
	ID          string
	Begun, Last time.Time
	Entries     int
	Client      string
	Code        string // of the last refusal, "" for none
	Step        string // of the last entry
}

// Store keeps transactions. transaction/store is one.
type Store interface {
	// KeepTransactions writes records, in their order, each into the transaction that it is linked to, and that so many records were
	// dropped before them.
	KeepTransactions(ctx context.Context, records []Record, dropped int, at time.Time) error
	// TransactionAt gives the transaction whose page has the address with this hash, and until when; shared tells that the
	// address was made to share. ErrNotFound.
	TransactionAt(ctx context.Context, page string, at time.Time) (k Kept, until time.Time, shared bool, err error)
	// Transaction gives one by its ID. ErrNotFound.
	Transaction(ctx context.Context, id string, at time.Time) (Kept, error)
	// RecentTransactions lists the newest, with a code those alone that were refused with it, and the codes that there are.
	RecentTransactions(ctx context.Context, code string, at time.Time) (list []Summary, codes []string, err error)
	// ShareTransaction makes another address, at most MaxShares. ErrNotFound.
	ShareTransaction(ctx context.Context, id, page string, at, until time.Time) error
}

// Seal keeps what is recorded from whoever reads the database; minid.Sealer is one.
type Seal interface {
	Seal(secret []byte, use, owner string) []byte
	Open(sealed []byte, use, owner string) ([]byte, error)
	Recognise(use, value string) string
}
