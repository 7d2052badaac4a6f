-- +goose Up

-- The grant whose access token an issuance went to, and what the wallet has told of it since: '' or an event of OpenID4VCI
-- section 11.1, and when, in Unix seconds. Whoever comes with a token of another grant knows no notification_id here.
ALTER TABLE issuer_issuances ADD COLUMN grant_id TEXT NOT NULL DEFAULT '';
ALTER TABLE issuer_issuances ADD COLUMN notified TEXT NOT NULL DEFAULT '';
ALTER TABLE issuer_issuances ADD COLUMN notified_at BIGINT NOT NULL DEFAULT 0;
