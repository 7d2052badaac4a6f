-- +goose Up
-- Wallets that attest themselves. unit is JSON of what the wallet provider said of the wallet unit; empty when none attested itself.
ALTER TABLE authserver_request ADD COLUMN unit TEXT NOT NULL DEFAULT '';

-- instance_jkt is the thumbprint of the Client Instance Key that the grant is bound to, unit what the attestation at the token
-- endpoint said, with the place of its status.
ALTER TABLE authserver_grant ADD COLUMN instance_jkt TEXT NOT NULL DEFAULT '';
ALTER TABLE authserver_grant ADD COLUMN unit TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE authserver_grant DROP COLUMN unit;
ALTER TABLE authserver_grant DROP COLUMN instance_jkt;
ALTER TABLE authserver_request DROP COLUMN unit;
