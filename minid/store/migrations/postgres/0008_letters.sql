-- +goose Up
-- Registration by activation letter. Times are milliseconds since 1970, in UTC; number is a keyed hash.
CREATE TABLE minid_letter_orders (
    id         TEXT   NOT NULL PRIMARY KEY,
    number     TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    state      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- unsent is what is to be printed, until somebody has taken it on its way.
CREATE TABLE minid_letters (
    id         TEXT   NOT NULL PRIMARY KEY,
    number     TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    unsent     BYTEA,
    state      TEXT   NOT NULL,
    tries      BIGINT NOT NULL,
    claimed_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX minid_letters_live ON minid_letters (number) WHERE state = 'live';

CREATE TABLE minid_activations (
    id           TEXT    NOT NULL PRIMARY KEY,
    letter_id    TEXT    NOT NULL,
    password     TEXT    NOT NULL,
    phone_passed BOOLEAN NOT NULL,
    email        BYTEA,
    expires_at   BIGINT  NOT NULL,
    ended        BOOLEAN NOT NULL
);

CREATE TABLE minid_letter_outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- When a person is asked whether phone and address for mail still hold: a year after the account was made.
ALTER TABLE minid_people ADD COLUMN contact_after BIGINT NOT NULL DEFAULT 0;
UPDATE minid_people SET contact_after = created_at + 31536000000;

-- +goose Down
ALTER TABLE minid_people DROP COLUMN contact_after;
DROP TABLE minid_letter_outbox;
DROP TABLE minid_activations;
DROP TABLE minid_letters;
DROP TABLE minid_letter_orders;
