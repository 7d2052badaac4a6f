-- +goose Up
-- The MinID app: until when nobody is asked after "it was not me", when a device was last used, and where it takes
-- notices by Web Push (sealed).
ALTER TABLE minid_people ADD COLUMN app_blocked_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE minid_devices ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE minid_devices ADD COLUMN push BYTEA;
-- The first device that looks at a pairing code is the only one that can use it: RFC 7638 thumbprint, or empty.
ALTER TABLE minid_pairing_codes ADD COLUMN thumbprint TEXT NOT NULL DEFAULT '';
CREATE INDEX minid_attempts_open ON minid_attempts (person_id) WHERE state IN ('created', 'sent');

-- Recovery codes, as keyed hashes. A code that was used is gone. In sets of factors, 32 is a recovery code.
CREATE TABLE minid_recovery (
    person_id TEXT   NOT NULL PRIMARY KEY REFERENCES minid_people (id),
    failures  BIGINT NOT NULL
);
CREATE TABLE minid_recovery_codes (
    person_id TEXT NOT NULL REFERENCES minid_people (id),
    code      TEXT NOT NULL,
    PRIMARY KEY (person_id, code)
);

-- +goose Down
DROP TABLE minid_recovery_codes;
DROP TABLE minid_recovery;
DROP INDEX minid_attempts_open;
ALTER TABLE minid_pairing_codes DROP COLUMN thumbprint;
ALTER TABLE minid_devices DROP COLUMN push;
ALTER TABLE minid_devices DROP COLUMN used_at;
ALTER TABLE minid_people DROP COLUMN app_blocked_until;
