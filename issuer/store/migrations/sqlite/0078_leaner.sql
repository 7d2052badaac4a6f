-- +goose Up

-- In the order of time, in which nonces are used: a row goes to the end of the table, which needs no index to be swept. When a
-- nonce expires follows from the nonce, so the key lets each in once. The nonces of before are not taken any more, by their MAC.
DROP TABLE issuer_used_nonces;
CREATE TABLE issuer_used_nonces (
    nonce_hash TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (expires_at, nonce_hash)
) WITHOUT ROWID;

-- Each issuance wrote to it, and it served a question that is asked when a list is full.
DROP INDEX issuer_status_lists_open;
