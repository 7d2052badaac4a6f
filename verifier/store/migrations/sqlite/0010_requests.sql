-- +goose Up
-- A request may go over the Digital Credentials API too, and a transaction may get new requests. Those under way live for minutes.
DELETE FROM requests;
DELETE FROM transactions;
ALTER TABLE requests DROP COLUMN same_device;
ALTER TABLE requests ADD COLUMN via TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN renewed INTEGER NOT NULL DEFAULT 0;
DROP INDEX transactions_created;
CREATE INDEX transactions_expires ON transactions (expires);
CREATE UNIQUE INDEX transactions_code ON transactions (code) WHERE code <> '';

-- +goose Down
DELETE FROM requests;
DELETE FROM transactions;
DROP INDEX transactions_code;
DROP INDEX transactions_expires;
CREATE INDEX transactions_created ON transactions (created);
ALTER TABLE transactions DROP COLUMN renewed;
ALTER TABLE requests DROP COLUMN via;
ALTER TABLE requests ADD COLUMN same_device BOOLEAN NOT NULL DEFAULT FALSE;
