-- +goose Up
-- Logins with the digital wallet at services. Times are Unix milliseconds; state and browser are SHA-256 of secrets.
CREATE TABLE issuer_wallet_login_pending (
    state     TEXT   NOT NULL PRIMARY KEY,
    browser   TEXT   NOT NULL,
    return_to TEXT   NOT NULL,
    nonce     TEXT   NOT NULL,
    verifier  TEXT   NOT NULL,
    acr       TEXT   NOT NULL,
    begun     BIGINT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX issuer_wallet_login_pending_expires ON issuer_wallet_login_pending (expires);

-- Who logged in, until the authorization request at return_to takes it.
CREATE TABLE issuer_wallet_login (
    return_to TEXT   NOT NULL PRIMARY KEY,
    id        TEXT   NOT NULL,
    browser   TEXT   NOT NULL,
    pid       TEXT   NOT NULL,
    level     TEXT   NOT NULL,
    amr       TEXT   NOT NULL,
    auth_time BIGINT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX issuer_wallet_login_expires ON issuer_wallet_login (expires);

-- +goose Down
DROP TABLE issuer_wallet_login;
DROP TABLE issuer_wallet_login_pending;
