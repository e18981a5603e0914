-- The time of an entry is the start of the transaction that writes it; whoever writes one need not ask for it first.
ALTER TABLE entries ALTER COLUMN recorded_at SET DEFAULT now();
