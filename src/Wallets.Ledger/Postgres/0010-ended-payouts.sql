-- Operators list payouts that have ended, the latest first.
CREATE INDEX entries_payouts_ended ON entries (kind, recorded_at, account_id, seq) WHERE kind IN (13, 14);
