-- +goose Up

-- Changes of many issuances: proposed by one case worker, approved by another, carried out in steps. cursor is the last issuance
-- that was looked at, times are Unix seconds.
CREATE TABLE issuer_bulks (
    id               TEXT   NOT NULL PRIMARY KEY,
    to_status        BIGINT NOT NULL,
    reason           TEXT   NOT NULL,
    configuration_id TEXT   NOT NULL,
    client_id        TEXT   NOT NULL,
    issued_from      BIGINT NOT NULL,
    issued_until     BIGINT NOT NULL,
    matching         BIGINT NOT NULL,
    changed          BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    proposed_by      TEXT   NOT NULL,
    proposed_at      BIGINT NOT NULL,
    decided_by       TEXT   NOT NULL,
    decided_at       BIGINT NOT NULL,
    ends_at          BIGINT NOT NULL,
    cursor           TEXT   NOT NULL
);
CREATE INDEX issuer_bulks_state ON issuer_bulks (state, decided_at);
