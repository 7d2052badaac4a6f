-- +goose Up

-- The same tables once more, each in the order of its key: a row costs one page of its own less.
CREATE TABLE issuer_used_nonces_new (
    nonce_hash TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO issuer_used_nonces_new SELECT nonce_hash, expires_at FROM issuer_used_nonces;
DROP TABLE issuer_used_nonces;
ALTER TABLE issuer_used_nonces_new RENAME TO issuer_used_nonces;
CREATE INDEX issuer_used_nonces_expires ON issuer_used_nonces (expires_at);

CREATE TABLE issuer_status_entries_old AS SELECT list_id, idx, issuance_id, status FROM issuer_status_entries;
DROP TABLE issuer_status_entries;

CREATE TABLE issuer_watched_old AS SELECT issuance_id, uri, idx, due_at FROM issuer_watched;
DROP TABLE issuer_watched;

CREATE TABLE issuer_issuances_new (
    id               TEXT   NOT NULL PRIMARY KEY,
    person_id        TEXT   NOT NULL,
    client_id        TEXT   NOT NULL,
    configuration_id TEXT   NOT NULL,
    level            TEXT   NOT NULL,
    copies           BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    issued_at        BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    revoked_at       BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO issuer_issuances_new
    SELECT id, person_id, client_id, configuration_id, level, copies, state, issued_at, expires_at, revoked_at FROM issuer_issuances;
DROP TABLE issuer_issuances;
ALTER TABLE issuer_issuances_new RENAME TO issuer_issuances;
CREATE INDEX issuer_issuances_person ON issuer_issuances (person_id, issued_at);
CREATE INDEX issuer_issuances_expires ON issuer_issuances (expires_at);

CREATE TABLE issuer_status_entries (
    list_id     TEXT   NOT NULL REFERENCES issuer_status_lists (id),
    idx         BIGINT NOT NULL,
    issuance_id TEXT   NOT NULL REFERENCES issuer_issuances (id),
    status      BIGINT NOT NULL,
    PRIMARY KEY (list_id, idx)
) WITHOUT ROWID;
INSERT INTO issuer_status_entries SELECT list_id, idx, issuance_id, status FROM issuer_status_entries_old;
DROP TABLE issuer_status_entries_old;
CREATE INDEX issuer_status_entries_issuance ON issuer_status_entries (issuance_id);
CREATE INDEX issuer_status_entries_changed ON issuer_status_entries (list_id) WHERE status <> 0;

CREATE TABLE issuer_watched (
    issuance_id TEXT   NOT NULL REFERENCES issuer_issuances (id),
    uri         TEXT   NOT NULL,
    idx         BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (issuance_id, uri, idx)
) WITHOUT ROWID;
INSERT INTO issuer_watched SELECT issuance_id, uri, idx, due_at FROM issuer_watched_old;
DROP TABLE issuer_watched_old;
CREATE INDEX issuer_watched_due ON issuer_watched (due_at);

-- The audit log. at is milliseconds; details is a JSON object of texts; prev and hash are SHA-256. Package audit tells how
-- they are made.
CREATE TABLE issuer_audit_entries (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    kind    TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    details TEXT    NOT NULL,
    prev    BLOB    NOT NULL,
    hash    BLOB    NOT NULL
);

-- The signed statement that entry seq has this hash.
CREATE TABLE issuer_audit_checkpoints (
    seq BIGINT NOT NULL PRIMARY KEY,
    jws TEXT   NOT NULL
);

-- The key of each person's pseudonym in the log. Without its row the entries speak of nobody.
CREATE TABLE issuer_audit_persons (
    person_id TEXT NOT NULL PRIMARY KEY,
    key       BLOB NOT NULL
) WITHOUT ROWID;
