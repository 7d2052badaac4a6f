-- +goose Up
CREATE TABLE transactions (
    id            TEXT PRIMARY KEY,
    browser       TEXT NOT NULL,
    service       TEXT NOT NULL,
    state         TEXT NOT NULL,
    created       BIGINT NOT NULL, -- Unix milliseconds, like every time here
    expires       BIGINT NOT NULL,
    error         TEXT NOT NULL DEFAULT '',
    verdict       BYTEA,
    same_device   BOOLEAN NOT NULL DEFAULT FALSE,
    code          TEXT NOT NULL DEFAULT '', -- hash of the response_code, empty when there is none to redeem
    code_redeemed BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX transactions_created ON transactions (created);

CREATE TABLE requests (
    id             TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    same_device    BOOLEAN NOT NULL,
    nonce          TEXT NOT NULL,
    state          TEXT NOT NULL,
    key_id         TEXT NOT NULL,
    response_key   BYTEA NOT NULL
);
CREATE INDEX requests_transaction ON requests (transaction_id);

-- +goose Down
DROP TABLE requests;
DROP TABLE transactions;
