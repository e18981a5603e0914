-- Money in and out: bonus coins and their expiry, refunds that trace to the creators, payouts that end, corrections.
-- Rows that are there already keep stricter rules than these, so that nothing is scanned.

ALTER TABLE entries
    DROP CONSTRAINT entries_balance_after_check,
    DROP CONSTRAINT amount_has_the_sign_of_its_kind,
    DROP CONSTRAINT facts_stand_where_they_belong,
    ADD CONSTRAINT wallets_keep_the_floor CHECK (balance_after >= 0 OR kind >= 11) NOT VALID,   -- a creator may owe diamonds after a refund
    ADD CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
        CASE kind WHEN 1  THEN amount > 0    -- purchase
                  WHEN 2  THEN amount < 0    -- gift sent
                  WHEN 3  THEN amount > 0    -- bonus granted
                  WHEN 4  THEN amount < 0    -- expired
                  WHEN 5  THEN amount <= 0   -- refunded
                  WHEN 6  THEN amount >= 0   -- refund reversed
                  WHEN 7  THEN amount = 0    -- gift refunded
                  WHEN 8  THEN amount = 0    -- gift restored
                  WHEN 9  THEN amount <> 0   -- adjusted
                  WHEN 10 THEN amount = 0    -- standing changed
                  WHEN 11 THEN amount > 0    -- gift received
                  WHEN 12 THEN amount < 0    -- payout reserved
                  WHEN 13 THEN amount > 0    -- payout returned
                  WHEN 14 THEN amount = 0    -- payout paid
                  WHEN 15 THEN amount <= 0   -- clawed back
                  WHEN 16 THEN amount >= 0   -- clawback reversed
                  WHEN 17 THEN amount <> 0   -- earnings adjusted
                  ELSE false END) NOT VALID,
    ADD CONSTRAINT facts_stand_where_they_belong CHECK (
        CASE WHEN kind = 2 THEN diamonds > 0 AND quantity > 0 AND num_nulls(rate_version, stream_id, gift_id) = 0 AND counterparty > 0
             WHEN kind = 11 THEN counterparty > 0
             WHEN kind IN (7, 8, 15, 16) THEN counterparty > 0 AND detail ? 'diamonds' AND detail ? 'gift' AND detail ? 'lot'
             ELSE detail IS NOT NULL END) NOT VALID;

-- A payout ends once, one way or the other.
CREATE UNIQUE INDEX entries_payout_end ON entries ((detail ->> 'payout'), account_id) WHERE kind IN (13, 14);

-- For those who look for what is not finished: payouts without an end, refunded gifts without their other side, bonus coins past their time.
CREATE INDEX entries_payouts  ON entries (recorded_at) WHERE kind = 12;
CREATE INDEX entries_refunded ON entries (recorded_at) WHERE kind IN (7, 8);
CREATE INDEX entries_expiring ON entries ((detail ->> 'expiresAt')) WHERE kind IN (1, 3, 6) AND detail ? 'expiresAt';

DROP VIEW trial_balance;
DROP VIEW postings;

CREATE VIEW postings AS
    SELECT 'coins' AS asset, 'wallets' AS account, amount FROM entries WHERE kind <= 10
    UNION ALL SELECT 'coins', CASE kind WHEN 1 THEN 'issued' WHEN 2 THEN 'redeemed' WHEN 3 THEN 'granted' WHEN 4 THEN 'expired' WHEN 9 THEN 'adjusted' ELSE 'refunded' END, -amount
        FROM entries WHERE kind <= 10 AND amount <> 0
    -- A gift's diamonds are issued on the debit and in flight until the credit; a refunded gift's are in flight the other way.
    UNION ALL SELECT 'diamonds', 'issued', -diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', -amount FROM entries WHERE kind = 11
    UNION ALL SELECT 'diamonds', 'issued', (detail ->> 'diamonds')::bigint FROM entries WHERE kind = 7
    UNION ALL SELECT 'diamonds', 'in_flight', -(detail ->> 'diamonds')::bigint FROM entries WHERE kind = 7
    UNION ALL SELECT 'diamonds', 'issued', -(detail ->> 'diamonds')::bigint FROM entries WHERE kind = 8
    UNION ALL SELECT 'diamonds', 'in_flight', (detail ->> 'diamonds')::bigint FROM entries WHERE kind = 8
    UNION ALL SELECT 'diamonds', 'earnings', amount FROM entries WHERE kind >= 11
    -- What a creator could not give back, the platform bears.
    UNION ALL SELECT 'diamonds', 'in_flight', (detail ->> 'diamonds')::bigint FROM entries WHERE kind = 15
    UNION ALL SELECT 'diamonds', 'borne', -(detail ->> 'diamonds')::bigint - amount FROM entries WHERE kind = 15
    UNION ALL SELECT 'diamonds', 'in_flight', -(detail ->> 'diamonds')::bigint FROM entries WHERE kind = 16
    UNION ALL SELECT 'diamonds', 'borne', (detail ->> 'diamonds')::bigint - amount FROM entries WHERE kind = 16
    UNION ALL SELECT 'diamonds', 'adjusted', -amount FROM entries WHERE kind = 17
    UNION ALL SELECT 'diamonds', 'reserved', -amount FROM entries WHERE kind IN (12, 13)
    UNION ALL SELECT 'diamonds', 'reserved', -(detail ->> 'diamonds')::bigint FROM entries WHERE kind = 14
    UNION ALL SELECT 'diamonds', 'paid', (detail ->> 'diamonds')::bigint FROM entries WHERE kind = 14
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', (detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind IN (1, 6)
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', -(detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind IN (1, 6)
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', -(detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 5
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', (detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 5
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'paid_out', -(detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 14 AND detail -> 'price' IS NOT NULL
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'cashed_out', (detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 14 AND detail -> 'price' IS NOT NULL;

CREATE VIEW trial_balance AS
    SELECT asset, account, sum(amount)::bigint AS balance FROM postings GROUP BY asset, account;

GRANT SELECT ON postings, trial_balance TO $app$;
