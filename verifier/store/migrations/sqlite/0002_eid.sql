-- +goose Up
-- Logins with MinID under way, and who is logged in. Secrets are kept as hashes; times are Unix milliseconds.
CREATE TABLE eid_pending (
    state    TEXT PRIMARY KEY,
    browser  TEXT NOT NULL,
    service  TEXT NOT NULL,
    nonce    TEXT NOT NULL,
    verifier TEXT NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX eid_pending_expires ON eid_pending (expires);

CREATE TABLE eid_sessions (
    id       TEXT PRIMARY KEY,
    service  TEXT NOT NULL,
    sid      TEXT NOT NULL,
    id_token TEXT NOT NULL,
    claims   TEXT NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX eid_sessions_sid ON eid_sessions (service, sid);
CREATE INDEX eid_sessions_expires ON eid_sessions (expires);

-- +goose Down
DROP TABLE eid_sessions;
DROP TABLE eid_pending;
