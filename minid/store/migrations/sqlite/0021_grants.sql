-- +goose Up
-- Pre-authorized codes (OpenID4VCI 1.0 section 3.5), with the grant that they become. Times are Unix milliseconds, secrets are
-- kept as SHA-256 only. tx_hash is of code and transaction code together.
CREATE TABLE authserver_preauthorized (
    id             TEXT    NOT NULL PRIMARY KEY,
    session_id     TEXT    NOT NULL,
    reference_hash BLOB    NOT NULL UNIQUE,
    code_hash      BLOB    NOT NULL UNIQUE,
    tx_hash        BLOB    NOT NULL,
    tx_code        INTEGER NOT NULL,
    tries          INTEGER NOT NULL,
    person_id      TEXT    NOT NULL,
    pid            TEXT    NOT NULL,
    level          TEXT    NOT NULL,
    basis          TEXT    NOT NULL,
    auth_time      INTEGER NOT NULL,
    scopes         TEXT    NOT NULL,
    authorized     TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER
);
CREATE INDEX authserver_preauthorized_expires ON authserver_preauthorized (expires_at);
CREATE INDEX authserver_preauthorized_session ON authserver_preauthorized (session_id);

-- Refresh tokens. What they are bound to besides stands with the grant.
CREATE TABLE authserver_refresh (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    grant_id   TEXT    NOT NULL,
    dpop_jkt   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX authserver_refresh_expires ON authserver_refresh (expires_at);
CREATE INDEX authserver_grant_person ON authserver_grant (person_id);

-- Whether a token was made from a refresh token.
ALTER TABLE authserver_token ADD COLUMN refreshed INTEGER NOT NULL DEFAULT 0;

-- What a token opens when it is less than its grant; NULL for all of it.
ALTER TABLE authserver_token ADD COLUMN scopes TEXT;
ALTER TABLE authserver_token ADD COLUMN authorized TEXT;

-- +goose Down
ALTER TABLE authserver_token DROP COLUMN authorized;
ALTER TABLE authserver_token DROP COLUMN scopes;
ALTER TABLE authserver_token DROP COLUMN refreshed;
DROP INDEX authserver_grant_person;
DROP TABLE authserver_refresh;
DROP TABLE authserver_preauthorized;
