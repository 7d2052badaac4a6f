-- +goose Up
-- Times are Unix milliseconds. Secrets (request_uri, browser, code, access token) are kept as SHA-256 only.

-- Pushed authorization requests (RFC 9126).
CREATE TABLE authserver_request (
    id             TEXT    NOT NULL PRIMARY KEY,
    reference_hash BLOB    NOT NULL UNIQUE,
    client_id      TEXT    NOT NULL,
    redirect_uri   TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    scopes         TEXT    NOT NULL,
    configurations TEXT    NOT NULL,
    code_challenge TEXT    NOT NULL,
    dpop_jkt       TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL,
    browser_hash   BLOB,
    answered_at    INTEGER
);
CREATE INDEX authserver_request_expires ON authserver_request (expires_at);

-- What a person said yes to, with the code that fetches it.
CREATE TABLE authserver_grant (
    id              TEXT    NOT NULL PRIMARY KEY,
    code_hash       BLOB    NOT NULL UNIQUE,
    client_id       TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    code_challenge  TEXT    NOT NULL,
    dpop_jkt        TEXT    NOT NULL,
    person_id       TEXT    NOT NULL,
    pid             TEXT    NOT NULL,
    level           TEXT    NOT NULL,
    basis           TEXT    NOT NULL,
    auth_time       INTEGER NOT NULL,
    scopes          TEXT    NOT NULL,
    authorized      TEXT    NOT NULL,
    code_expires_at INTEGER NOT NULL,
    code_used_at    INTEGER,
    revoked_at      INTEGER,
    expires_at      INTEGER NOT NULL
);
CREATE INDEX authserver_grant_expires ON authserver_grant (expires_at);

CREATE TABLE authserver_token (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    grant_id   TEXT    NOT NULL,
    dpop_jkt   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX authserver_token_expires ON authserver_token (expires_at);

-- DPoP proofs that have been seen (RFC 9449 section 11.1).
CREATE TABLE authserver_proof (
    jti_hash   BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX authserver_proof_expires ON authserver_proof (expires_at);
