-- +goose Up

-- The audit log. at is milliseconds; details is a JSON object of texts; prev and hash are SHA-256. Package audit tells how
-- they are made.
CREATE TABLE issuer_audit_entries (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    object  TEXT   NOT NULL,
    outcome TEXT   NOT NULL,
    details TEXT   NOT NULL,
    prev    BYTEA  NOT NULL,
    hash    BYTEA  NOT NULL
);

-- Whoever adds an entry holds this row until the entry is durable, so that the next one follows it.
CREATE TABLE issuer_audit_head (one BIGINT NOT NULL PRIMARY KEY);
INSERT INTO issuer_audit_head (one) VALUES (1);

-- The signed statement that entry seq has this hash.
CREATE TABLE issuer_audit_checkpoints (
    seq BIGINT NOT NULL PRIMARY KEY,
    jws TEXT   NOT NULL
);

-- The key of each person's pseudonym in the log. Without its row the entries speak of nobody.
CREATE TABLE issuer_audit_persons (
    person_id TEXT  NOT NULL PRIMARY KEY,
    key       BYTEA NOT NULL
);
