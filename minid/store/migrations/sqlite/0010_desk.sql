-- +goose Up
-- One row for each search at a service desk, and what came of it: who did what and when. Nothing is deleted here.
CREATE TABLE minid_desk_cases (
    id           TEXT   NOT NULL PRIMARY KEY,
    organisation TEXT   NOT NULL,
    person_id    TEXT   NOT NULL, -- empty when nobody was found
    state        TEXT   NOT NULL,
    document     TEXT   NOT NULL,
    reference    TEXT   NOT NULL,
    lost         BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    opened_by    TEXT   NOT NULL,
    opened_at    BIGINT NOT NULL,
    proposed_at  BIGINT NOT NULL,
    decided_by   TEXT   NOT NULL,
    decided_at   BIGINT NOT NULL,
    handed_by    TEXT   NOT NULL,
    handed_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX minid_desk_cases_organisation ON minid_desk_cases (organisation, opened_at);
CREATE INDEX minid_desk_cases_opened ON minid_desk_cases (opened_by, opened_at);
CREATE INDEX minid_desk_cases_decided ON minid_desk_cases (decided_by, decided_at);
CREATE UNIQUE INDEX minid_desk_cases_proposed ON minid_desk_cases (person_id) WHERE state = 'proposed';

-- A check of a passport under way, one for each person, by the hash of its state.
CREATE TABLE minid_passport_checks (
    person_id  TEXT   NOT NULL PRIMARY KEY REFERENCES minid_people (id),
    id         TEXT   NOT NULL UNIQUE,
    expires_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE minid_passport_checks;
DROP TABLE minid_desk_cases;
