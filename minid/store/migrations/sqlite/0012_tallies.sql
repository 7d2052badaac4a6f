-- +goose Up
-- What is counted across all replicas within a window: failures and sends by network address. name is a keyed hash; a row
-- is deleted when its window is over. Times are Unix milliseconds.
CREATE TABLE minid_tallies (
    name    TEXT   NOT NULL PRIMARY KEY,
    count   BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX minid_tallies_ends ON minid_tallies (ends_at);

-- +goose Down
DROP TABLE minid_tallies;
