-- +goose Up
-- What makes the authorization server an OpenID Provider. Times are Unix milliseconds.

ALTER TABLE minid_sign_ins ADD COLUMN onward TEXT NOT NULL DEFAULT '';

-- JSON of a service's login; empty for a wallet's request.
ALTER TABLE authserver_request ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE authserver_grant ADD COLUMN login TEXT NOT NULL DEFAULT '';

-- Public identifier of the session that the grant rests on; empty for a wallet's grant.
ALTER TABLE authserver_grant ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
CREATE INDEX authserver_grant_session ON authserver_grant (session_id);

-- Which services a session has been used at. sid is what the service knows the session by.
CREATE TABLE authserver_login (
    sid        TEXT    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authserver_login_session ON authserver_login (session_id);
CREATE INDEX authserver_login_expires ON authserver_login (expires_at);

-- +goose Down
DROP TABLE authserver_login;
DROP INDEX authserver_grant_session;
ALTER TABLE authserver_grant DROP COLUMN session_id;
ALTER TABLE authserver_grant DROP COLUMN login;
ALTER TABLE authserver_request DROP COLUMN login;
ALTER TABLE minid_sign_ins DROP COLUMN onward;
