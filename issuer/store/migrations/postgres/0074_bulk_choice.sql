-- +goose Up

-- What a bulk can be of beside type and client: the wallet provider that attested the wallet, '' for none; and the key that signed, as
-- <purpose>/<id>, '' for what was signed before this was kept.
ALTER TABLE issuer_issuances ADD COLUMN wallet_provider TEXT NOT NULL DEFAULT '';
ALTER TABLE issuer_issuances ADD COLUMN signer TEXT NOT NULL DEFAULT '';
CREATE INDEX issuer_issuances_provider ON issuer_issuances (wallet_provider) WHERE wallet_provider <> '';

-- In a bulk, '' is for all; configuration_id likewise.
ALTER TABLE issuer_bulks ADD COLUMN wallet_provider TEXT NOT NULL DEFAULT '';
ALTER TABLE issuer_bulks ADD COLUMN signer TEXT NOT NULL DEFAULT '';
