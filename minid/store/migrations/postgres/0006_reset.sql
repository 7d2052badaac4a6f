-- +goose Up
-- In sets of factors, 16 is the codes for a new password.
ALTER TABLE minid_sign_ins ADD COLUMN resetting BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE minid_sign_ins DROP COLUMN resetting;
