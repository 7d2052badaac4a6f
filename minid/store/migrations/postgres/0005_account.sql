-- +goose Up
CREATE TABLE minid_totp_pending (
    person_id  TEXT   NOT NULL PRIMARY KEY REFERENCES minid_people (id),
    secret     BYTEA  NOT NULL,
    tries      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE minid_factor_names (
    person_id TEXT NOT NULL REFERENCES minid_people (id),
    factor    TEXT NOT NULL,
    name      TEXT NOT NULL,
    PRIMARY KEY (person_id, factor)
);

CREATE TABLE minid_logins (
    id        TEXT   NOT NULL PRIMARY KEY,
    person_id TEXT   NOT NULL REFERENCES minid_people (id),
    service   TEXT   NOT NULL,
    level     BIGINT NOT NULL,
    factors   BIGINT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX minid_logins_person ON minid_logins (person_id, at);

-- Nothing here says who: a day in UTC, the strongest factor, and how many.
CREATE TABLE minid_login_counts (
    day    TEXT   NOT NULL,
    factor TEXT   NOT NULL,
    logins BIGINT NOT NULL,
    PRIMARY KEY (day, factor)
);

-- +goose Down
DROP TABLE minid_login_counts;
DROP TABLE minid_logins;
DROP TABLE minid_factor_names;
DROP TABLE minid_totp_pending;
