-- The lines of an account that are no gifts: a receipt reads no others.
CREATE INDEX entries_between_gifts ON entries (account_id, seq) WHERE kind NOT IN (2, 11);
