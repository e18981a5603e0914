-- Settlement looks at each gift once, when it is some seconds old. Block ranges are summarised only now and then, so that under load the
-- youngest hundred megabytes would be read every second; an index on the debits alone reads what it gives. All rows of one flush have one
-- time, which the index stores once.
CREATE INDEX entries_gifts_recorded ON entries (recorded_at) WHERE kind = 2;
DROP INDEX entries_recorded;
