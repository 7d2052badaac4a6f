-- +goose Up
-- Times are milliseconds since 1970, in UTC. Sets of factors are bits: 1 password, 2 TOTP, 4 app.
CREATE TABLE minid_people (
    id          TEXT   NOT NULL PRIMARY KEY,
    pid         TEXT   NOT NULL UNIQUE,
    birth_date  TEXT   NOT NULL,
    phone       TEXT   NOT NULL,
    email       TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    basis       TEXT   NOT NULL,
    proofed_at  BIGINT NOT NULL,
    evidence    TEXT   NOT NULL,
    password    TEXT   NOT NULL,
    app_asks    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- By keyed hash of the number as typed, whether or not anybody has it.
CREATE TABLE minid_password_failures (
    number   TEXT   NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    open_at  BIGINT NOT NULL
);

CREATE TABLE minid_totp (
    person_id TEXT   NOT NULL PRIMARY KEY REFERENCES minid_people (id),
    secret    BYTEA  NOT NULL,
    last_step BIGINT NOT NULL,
    failures  BIGINT NOT NULL
);

CREATE TABLE minid_devices (
    id         TEXT   NOT NULL PRIMARY KEY,
    person_id  TEXT   NOT NULL UNIQUE REFERENCES minid_people (id),
    thumbprint TEXT   NOT NULL UNIQUE,
    public_key BYTEA  NOT NULL,
    paired_at  BIGINT NOT NULL
);

CREATE TABLE minid_pairing_codes (
    code       TEXT   NOT NULL PRIMARY KEY,
    person_id  TEXT   NOT NULL UNIQUE REFERENCES minid_people (id),
    expires_at BIGINT NOT NULL
);

CREATE TABLE minid_sign_ins (
    id         TEXT    NOT NULL PRIMARY KEY,
    service    TEXT    NOT NULL,
    level      BIGINT  NOT NULL,
    max_age    BIGINT  NOT NULL,
    return_to  TEXT    NOT NULL,
    cancel_to  TEXT    NOT NULL,
    person_id  TEXT    NOT NULL,
    passed     BIGINT  NOT NULL,
    chosen     TEXT    NOT NULL,
    auth_time  BIGINT  NOT NULL,
    prior      TEXT    NOT NULL,
    carried    BOOLEAN NOT NULL,
    started_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    ended      BOOLEAN NOT NULL
);
CREATE INDEX minid_sign_ins_expires ON minid_sign_ins (expires_at);

CREATE TABLE minid_sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    public_id  TEXT   NOT NULL UNIQUE,
    person_id  TEXT   NOT NULL REFERENCES minid_people (id),
    level      BIGINT NOT NULL,
    basis      TEXT   NOT NULL,
    factors    BIGINT NOT NULL,
    auth_time  BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);
CREATE INDEX minid_sessions_seen ON minid_sessions (seen_at);

CREATE TABLE minid_attempts (
    id         TEXT   NOT NULL PRIMARY KEY,
    sign_in_id TEXT   NOT NULL,
    person_id  TEXT   NOT NULL REFERENCES minid_people (id),
    service    TEXT   NOT NULL,
    number     TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX minid_attempts_person ON minid_attempts (person_id, created_at);
CREATE INDEX minid_attempts_sign_in ON minid_attempts (sign_in_id);

-- +goose Down
DROP TABLE minid_attempts;
DROP TABLE minid_sessions;
DROP TABLE minid_sign_ins;
DROP TABLE minid_pairing_codes;
DROP TABLE minid_devices;
DROP TABLE minid_totp;
DROP TABLE minid_password_failures;
DROP TABLE minid_people;
