-- +goose Up
-- Which transaction a login with the wallet waits for, by the address of the authorization request that it is for. Times are
-- Unix milliseconds.
CREATE TABLE login_transactions (
    return_to      TEXT   NOT NULL PRIMARY KEY,
    transaction_id TEXT   NOT NULL UNIQUE,
    expires        BIGINT NOT NULL
);
CREATE INDEX login_transactions_expires ON login_transactions (expires);

-- +goose Down
DROP TABLE login_transactions;
