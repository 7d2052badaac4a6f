-- +goose Up

-- A c_nonce that a key proof has used. The row stays until the nonce would have expired by itself.
CREATE TABLE issuer_used_nonces (
    nonce_hash TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX issuer_used_nonces_expires ON issuer_used_nonces (expires_at);

-- A status list. version rises with each change of a status, allocated counts the indices given out.
CREATE TABLE issuer_status_lists (
    id         TEXT   NOT NULL PRIMARY KEY,
    size       BIGINT NOT NULL,
    allocated  BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX issuer_status_lists_open ON issuer_status_lists (allocated);

-- One answer of the credential endpoint: a number of copies of one credential. state is intent before the
-- signatures, then issued or failed. Neither the credential nor a holder's key is kept.
CREATE TABLE issuer_issuances (
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
);
CREATE INDEX issuer_issuances_person ON issuer_issuances (person_id, issued_at);
CREATE INDEX issuer_issuances_expires ON issuer_issuances (expires_at);

-- The status of one copy. The key is what makes an index unique on its list.
CREATE TABLE issuer_status_entries (
    list_id     TEXT   NOT NULL REFERENCES issuer_status_lists (id),
    idx         BIGINT NOT NULL,
    issuance_id TEXT   NOT NULL REFERENCES issuer_issuances (id),
    status      BIGINT NOT NULL,
    PRIMARY KEY (list_id, idx)
);
CREATE INDEX issuer_status_entries_issuance ON issuer_status_entries (issuance_id);
CREATE INDEX issuer_status_entries_changed ON issuer_status_entries (list_id) WHERE status <> 0;
