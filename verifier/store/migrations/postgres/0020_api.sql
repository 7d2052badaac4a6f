-- +goose Up
-- What relying parties ask by the API. Secrets are kept as hashes; times are Unix milliseconds.
CREATE TABLE api_proofs (
    jti     TEXT PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX api_proofs_expires ON api_proofs (expires);

CREATE TABLE api_tokens (
    hash    TEXT PRIMARY KEY,
    party   TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX api_tokens_expires ON api_tokens (expires);

CREATE TABLE api_presentations (
    id            TEXT PRIMARY KEY, -- of the transaction, which is gone before
    party         TEXT NOT NULL,
    handle        TEXT NOT NULL,
    purpose       TEXT NOT NULL,
    redirect      TEXT NOT NULL,
    reference     TEXT NOT NULL,
    request_key   TEXT NOT NULL, -- empty without Idempotency-Key
    request_body  TEXT NOT NULL,
    created       BIGINT NOT NULL,
    expires       BIGINT NOT NULL,
    gone          BIGINT NOT NULL,
    webhook       BOOLEAN NOT NULL,
    state         TEXT NOT NULL DEFAULT '', -- empty until its end has been noted
    settled       BIGINT NOT NULL DEFAULT 0,
    due           BIGINT NOT NULL DEFAULT 0, -- of the webhook; 0 when there is nothing to send
    attempts      INTEGER NOT NULL DEFAULT 0,
    lease         TEXT NOT NULL DEFAULT '',
    leased_until  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX api_presentations_key ON api_presentations (party, request_key) WHERE request_key <> '';
CREATE INDEX api_presentations_created ON api_presentations (created);
CREATE INDEX api_presentations_open ON api_presentations (expires) WHERE state = '';
CREATE INDEX api_presentations_due ON api_presentations (due) WHERE due > 0;

-- +goose Down
DROP TABLE api_presentations;
DROP TABLE api_tokens;
DROP TABLE api_proofs;
