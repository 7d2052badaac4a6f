-- +goose Up
-- The statuses that an issuance stands and falls with: of the wallet unit that it went to, and of its key storage. due_at is when
-- it is looked up next, in Unix seconds; whoever looks moves it ahead first.
CREATE TABLE issuer_watched (
    issuance_id TEXT   NOT NULL REFERENCES issuer_issuances (id),
    uri         TEXT   NOT NULL,
    idx         BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (issuance_id, uri, idx)
);
CREATE INDEX issuer_watched_due ON issuer_watched (due_at);

-- +goose Down
DROP TABLE issuer_watched;
