-- +goose Up

-- What the wallet provider called the wallet that a credential went to, or is waited for by; '' when no wallet attested itself.
ALTER TABLE issuer_issuances ADD COLUMN wallet_name TEXT NOT NULL DEFAULT '';
ALTER TABLE issuer_deferred ADD COLUMN wallet_name TEXT NOT NULL DEFAULT '';
