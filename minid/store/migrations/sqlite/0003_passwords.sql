-- +goose Up
ALTER TABLE minid_people ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- The account was imported with PIN codes, which are not kept: a new second factor is due.
ALTER TABLE minid_people ADD COLUMN pin_dropped BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE minid_people DROP COLUMN pin_dropped;
ALTER TABLE minid_people DROP COLUMN name;
