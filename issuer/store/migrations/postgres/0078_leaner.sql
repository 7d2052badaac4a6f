-- +goose Up

-- Each issuance wrote to it, and it served a question that is asked when a list is full.
DROP INDEX issuer_status_lists_open;
