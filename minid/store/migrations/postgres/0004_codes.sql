-- +goose Up
-- In sets of factors, 8 is SMS.
ALTER TABLE minid_people ADD COLUMN preferred TEXT NOT NULL DEFAULT '';
ALTER TABLE minid_people ADD COLUMN invite_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE minid_sign_ins ADD COLUMN remember TEXT NOT NULL DEFAULT '';

CREATE TABLE minid_sms (
    person_id TEXT   NOT NULL PRIMARY KEY REFERENCES minid_people (id),
    failures  BIGINT NOT NULL
);

-- who and receiver are whose sends are counted; person_id is empty for a number that nobody has.
CREATE TABLE minid_codes (
    id         TEXT   NOT NULL PRIMARY KEY,
    who        TEXT   NOT NULL,
    receiver   TEXT   NOT NULL,
    purpose    TEXT   NOT NULL,
    person_id  TEXT   NOT NULL,
    bound_to   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    payload    BYTEA,
    tries      BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX minid_codes_who ON minid_codes (who, created_at);
CREATE INDEX minid_codes_receiver ON minid_codes (receiver, created_at);
CREATE INDEX minid_codes_bound ON minid_codes (bound_to);

CREATE TABLE minid_turns (
    name  TEXT   NOT NULL PRIMARY KEY,
    turns BIGINT NOT NULL
);

CREATE TABLE minid_outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE minid_outbox;
DROP TABLE minid_turns;
DROP TABLE minid_codes;
DROP TABLE minid_sms;
ALTER TABLE minid_sign_ins DROP COLUMN remember;
ALTER TABLE minid_people DROP COLUMN invite_after;
ALTER TABLE minid_people DROP COLUMN preferred;
