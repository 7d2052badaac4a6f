-- +goose Up

-- How many bits an entry of the list has, and what its decoys are drawn from; a list of before there were decoys has none.
ALTER TABLE issuer_status_lists ADD COLUMN bits BIGINT NOT NULL DEFAULT 1;
ALTER TABLE issuer_status_lists ADD COLUMN decoy_seed BLOB;

-- Since when an issuance is suspended, in Unix seconds, and by whom: person or case_worker. 0 and '' when it is not.
ALTER TABLE issuer_issuances ADD COLUMN suspended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE issuer_issuances ADD COLUMN suspended_by TEXT NOT NULL DEFAULT '';

-- Every change of an entry, so that a list can be given as it was at a time (Token Status List section 8.4). version is that of the
-- list after the change.
CREATE TABLE issuer_status_changes (
    list_id    TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    idx        BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (list_id, version, idx)
);
CREATE INDEX issuer_status_changes_at ON issuer_status_changes (list_id, changed_at);
CREATE INDEX issuer_status_changes_entry ON issuer_status_changes (list_id, idx);
INSERT INTO issuer_status_changes (list_id, version, idx, status, changed_at)
    SELECT e.list_id, 1, e.idx, e.status, i.revoked_at FROM issuer_status_entries e JOIN issuer_issuances i ON i.id = e.issuance_id
    WHERE e.status <> 0;
