-- +goose Up
-- teacher and pupil are keyed hashes of identity numbers; the other persons stand by identifier.
CREATE TABLE minid_school_authorisations (
    id           TEXT   NOT NULL PRIMARY KEY,
    organisation TEXT   NOT NULL,
    school       TEXT   NOT NULL,
    class        TEXT   NOT NULL,
    teacher      TEXT   NOT NULL,
    by_id        TEXT   NOT NULL,
    uses         BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    until_at     BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL,
    revoked_by   TEXT   NOT NULL
);
CREATE INDEX minid_school_authorisations_organisation ON minid_school_authorisations (organisation);
CREATE UNIQUE INDEX minid_school_authorisations_live ON minid_school_authorisations (teacher, school, class) WHERE revoked_at = 0;

-- shown and draft are sealed, and empty when the enrolment has ended.
CREATE TABLE minid_school_enrolments (
    id               TEXT   NOT NULL PRIMARY KEY,
    authorisation_id TEXT   NOT NULL,
    organisation     TEXT   NOT NULL,
    school           TEXT   NOT NULL,
    class            TEXT   NOT NULL,
    teacher_id       TEXT   NOT NULL,
    pupil            TEXT   NOT NULL,
    person_id        TEXT   NOT NULL,
    code             TEXT   NOT NULL,
    browser          TEXT   NOT NULL,
    shown            BLOB   NOT NULL,
    draft            BLOB   NOT NULL,
    tries            BIGINT NOT NULL,
    state            TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT NOT NULL,
    revoked_by       TEXT   NOT NULL
);
CREATE INDEX minid_school_enrolments_class ON minid_school_enrolments (organisation, school, class);
CREATE INDEX minid_school_enrolments_teacher ON minid_school_enrolments (teacher_id, created_at);
CREATE INDEX minid_school_enrolments_pupil ON minid_school_enrolments (pupil, created_at);
CREATE INDEX minid_school_enrolments_authorisation ON minid_school_enrolments (authorisation_id);
CREATE INDEX minid_school_enrolments_code ON minid_school_enrolments (code);
CREATE INDEX minid_school_enrolments_browser ON minid_school_enrolments (browser);
CREATE INDEX minid_school_enrolments_state ON minid_school_enrolments (state, expires_at);

-- +goose Down
DROP TABLE minid_school_enrolments;
DROP TABLE minid_school_authorisations;
