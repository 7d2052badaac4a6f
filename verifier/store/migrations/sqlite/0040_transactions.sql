-- +goose Up

-- What wallets and the verifier said to each other, masked and sealed, for a day (package transaction). Times in Unix milliseconds.
CREATE TABLE verifier_transactions (
    id       TEXT    NOT NULL PRIMARY KEY,
    begun_at BIGINT  NOT NULL,
    last_at  BIGINT  NOT NULL,
    entries  BIGINT  NOT NULL,
    bytes    BIGINT  NOT NULL,
    left_out BIGINT  NOT NULL,
    client   TEXT    NOT NULL,
    code     TEXT    NOT NULL,
    step     TEXT    NOT NULL
);
CREATE INDEX verifier_transactions_begun ON verifier_transactions (begun_at);

CREATE TABLE verifier_transaction_entries (
    id             TEXT    NOT NULL PRIMARY KEY,
    transaction_id TEXT    NOT NULL,
    at             BIGINT  NOT NULL,
    code           TEXT    NOT NULL,
    sealed         BLOB NOT NULL
);
CREATE INDEX verifier_transaction_entries_of ON verifier_transaction_entries (transaction_id, at);
CREATE INDEX verifier_transaction_entries_code ON verifier_transaction_entries (code);

-- By what a request is known to belong to a transaction, as keyed hashes. kind: firm, a secret that the verifier took; loose, one that came
-- with a refused request; key; page, the address of a page; share, one made to share.
CREATE TABLE verifier_transaction_links (
    hash           TEXT    NOT NULL PRIMARY KEY,
    transaction_id TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    expires_at     BIGINT  NOT NULL
);
CREATE INDEX verifier_transaction_links_of ON verifier_transaction_links (transaction_id);

-- How many records could not be written, and when that was noted.
CREATE TABLE verifier_transaction_gaps (
    at      BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);

-- +goose Down
DROP TABLE verifier_transaction_gaps;
DROP TABLE verifier_transaction_links;
DROP TABLE verifier_transaction_entries;
DROP TABLE verifier_transactions;
