-- +goose Up

-- Orders that cannot be served yet (OpenID4VCI section 9). The primary key and the grant make each good for one pick-up: it is
-- deleted then. sealed holds the holder's public keys; nothing signed is here. ordered_at is in Unix milliseconds.
CREATE TABLE issuer_deferred (
    id               TEXT    NOT NULL PRIMARY KEY,
    grant_id         TEXT    NOT NULL,
    person_id        TEXT    NOT NULL,
    client_id        TEXT    NOT NULL,
    configuration_id TEXT    NOT NULL,
    copies           INTEGER NOT NULL,
    sealed           BYTEA   NOT NULL,
    ordered_at       BIGINT  NOT NULL,
    expires_at       BIGINT  NOT NULL
);
CREATE INDEX issuer_deferred_person ON issuer_deferred (person_id);
CREATE INDEX issuer_deferred_expires ON issuer_deferred (expires_at);
