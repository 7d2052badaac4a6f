-- +goose Up
-- What is asked for is kept, sealed, with its transaction. A question without it cannot be judged, and lives for minutes.
DELETE FROM requests;
DELETE FROM transactions;
ALTER TABLE transactions DROP COLUMN service;
ALTER TABLE transactions ADD COLUMN ask BLOB NOT NULL DEFAULT '';

-- +goose Down
DELETE FROM requests;
DELETE FROM transactions;
ALTER TABLE transactions DROP COLUMN ask;
ALTER TABLE transactions ADD COLUMN service TEXT NOT NULL DEFAULT '';
