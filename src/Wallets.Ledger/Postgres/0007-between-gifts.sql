-- A gift's receipt follows the coins of a wallet, of which nearly all lines are gifts. What the gifts between two other lines took together,
-- these lines' balances say, so only the others are read. No gift writes to this index.
CREATE INDEX entries_between_gifts ON entries (account_id, seq) WHERE kind NOT IN (2, 11);
