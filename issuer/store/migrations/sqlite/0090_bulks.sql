-- +goose Up

-- There are tables with a column cursor, which nothing fills or reads, and tables without one: both become this one. What a bulk still
-- changes says how far it has come.
CREATE TABLE issuer_bulks_new (
    id               TEXT   NOT NULL PRIMARY KEY,
    to_status        BIGINT NOT NULL,
    reason           TEXT   NOT NULL,
    configuration_id TEXT   NOT NULL,
    client_id        TEXT   NOT NULL,
    wallet_provider  TEXT   NOT NULL,
    signer           TEXT   NOT NULL,
    issued_from      BIGINT NOT NULL,
    issued_until     BIGINT NOT NULL,
    matching         BIGINT NOT NULL,
    changed          BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    proposed_by      TEXT   NOT NULL,
    proposed_at      BIGINT NOT NULL,
    decided_by       TEXT   NOT NULL,
    decided_at       BIGINT NOT NULL,
    ends_at          BIGINT NOT NULL
);
INSERT INTO issuer_bulks_new
    SELECT id, to_status, reason, configuration_id, client_id, wallet_provider, signer, issued_from, issued_until, matching, changed, state,
        proposed_by, proposed_at, decided_by, decided_at, ends_at FROM issuer_bulks;
DROP TABLE issuer_bulks;
ALTER TABLE issuer_bulks_new RENAME TO issuer_bulks;
CREATE INDEX issuer_bulks_state ON issuer_bulks (state, decided_at);
