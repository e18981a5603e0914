-- The same as the PostgreSQL script of this name. SQLite changes no constraint of a table that is there, so the table is made anew.

DROP VIEW trial_balance;
DROP VIEW postings;
DROP TRIGGER entries_no_update;
DROP TRIGGER entries_no_delete;
DROP TRIGGER entries_no_replace;

CREATE TABLE entries_new (
    account_id    INTEGER NOT NULL,
    seq           INTEGER NOT NULL CHECK (seq > 0),
    transfer_id   BLOB    NOT NULL CHECK (length(transfer_id) = 16),
    amount        INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    counterparty  INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    kind          INTEGER NOT NULL,
    rate_version  INTEGER,
    quantity      INTEGER,
    diamonds      INTEGER,
    stream_id     BLOB,
    gift_id       TEXT,
    detail        TEXT,

    PRIMARY KEY (account_id, seq),

    CONSTRAINT wallets_keep_the_floor CHECK (balance_after >= 0 OR kind >= 11),
    CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
        CASE kind WHEN 1  THEN amount > 0
                  WHEN 2  THEN amount < 0
                  WHEN 3  THEN amount > 0
                  WHEN 4  THEN amount < 0
                  WHEN 5  THEN amount <= 0
                  WHEN 6  THEN amount >= 0
                  WHEN 7  THEN amount = 0
                  WHEN 8  THEN amount = 0
                  WHEN 9  THEN amount <> 0
                  WHEN 10 THEN amount = 0
                  WHEN 11 THEN amount > 0
                  WHEN 12 THEN amount < 0
                  WHEN 13 THEN amount > 0
                  WHEN 14 THEN amount = 0
                  WHEN 15 THEN amount <= 0
                  WHEN 16 THEN amount >= 0
                  WHEN 17 THEN amount <> 0
                  ELSE 0 END),
    CONSTRAINT facts_stand_where_they_belong CHECK (
        CASE WHEN kind = 2 THEN diamonds > 0 AND quantity > 0 AND rate_version IS NOT NULL AND stream_id IS NOT NULL AND gift_id IS NOT NULL AND counterparty > 0
             WHEN kind = 11 THEN counterparty > 0
             WHEN kind IN (7, 8, 15, 16) THEN counterparty > 0 AND detail ->> 'diamonds' IS NOT NULL AND detail ->> 'gift' IS NOT NULL AND detail ->> 'lot' IS NOT NULL
             ELSE detail IS NOT NULL END)
) STRICT;

INSERT INTO entries_new SELECT * FROM entries;
DROP TABLE entries;
ALTER TABLE entries_new RENAME TO entries;

CREATE UNIQUE INDEX entries_transfer ON entries (transfer_id, account_id) WHERE kind <> 11;
CREATE UNIQUE INDEX entries_credit   ON entries (transfer_id, counterparty, account_id) WHERE kind = 11;
CREATE UNIQUE INDEX entries_payment  ON entries (detail ->> 'payment', detail ->> 'channel', account_id) WHERE kind = 1;
CREATE INDEX        entries_recorded ON entries (recorded_at) WHERE kind = 2;
CREATE UNIQUE INDEX entries_payout_end ON entries (detail ->> 'payout', account_id) WHERE kind IN (13, 14);
CREATE INDEX        entries_payouts  ON entries (recorded_at) WHERE kind = 12;
CREATE INDEX        entries_refunded ON entries (recorded_at) WHERE kind IN (7, 8);
CREATE INDEX        entries_expiring ON entries (detail ->> 'expiresAt') WHERE kind IN (1, 3, 6) AND detail ->> 'expiresAt' IS NOT NULL;

CREATE TRIGGER entries_no_update  BEFORE UPDATE ON entries  BEGIN SELECT RAISE(ABORT, 'entries is append-only: UPDATE refused'); END;
CREATE TRIGGER entries_no_delete  BEFORE DELETE ON entries  BEGIN SELECT RAISE(ABORT, 'entries is append-only: DELETE refused'); END;
-- INSERT OR REPLACE deletes without asking the DELETE triggers.
CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE account_id = NEW.account_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM entries WHERE transfer_id = NEW.transfer_id AND account_id = NEW.account_id AND kind <> 11 AND NEW.kind <> 11)
  OR EXISTS (SELECT 1 FROM entries WHERE transfer_id = NEW.transfer_id AND counterparty = NEW.counterparty AND account_id = NEW.account_id AND kind = 11 AND NEW.kind = 11)
BEGIN SELECT RAISE(ABORT, 'entries is append-only: an entry is there already'); END;

CREATE VIEW postings AS
    SELECT 'coins' AS asset, 'wallets' AS account, amount FROM entries WHERE kind <= 10
    UNION ALL SELECT 'coins', CASE kind WHEN 1 THEN 'issued' WHEN 2 THEN 'redeemed' WHEN 3 THEN 'granted' WHEN 4 THEN 'expired' WHEN 9 THEN 'adjusted' ELSE 'refunded' END, -amount
        FROM entries WHERE kind <= 10 AND amount <> 0
    -- A gift's diamonds are issued on the debit and in flight until the credit; a refunded gift's are in flight the other way.
    UNION ALL SELECT 'diamonds', 'issued', -diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', -amount FROM entries WHERE kind = 11
    UNION ALL SELECT 'diamonds', 'issued', (detail ->> 'diamonds') FROM entries WHERE kind = 7
    UNION ALL SELECT 'diamonds', 'in_flight', -(detail ->> 'diamonds') FROM entries WHERE kind = 7
    UNION ALL SELECT 'diamonds', 'issued', -(detail ->> 'diamonds') FROM entries WHERE kind = 8
    UNION ALL SELECT 'diamonds', 'in_flight', (detail ->> 'diamonds') FROM entries WHERE kind = 8
    UNION ALL SELECT 'diamonds', 'earnings', amount FROM entries WHERE kind >= 11
    -- What a creator could not give back, the platform bears.
    UNION ALL SELECT 'diamonds', 'in_flight', (detail ->> 'diamonds') FROM entries WHERE kind = 15
    UNION ALL SELECT 'diamonds', 'borne', -(detail ->> 'diamonds') - amount FROM entries WHERE kind = 15
    UNION ALL SELECT 'diamonds', 'in_flight', -(detail ->> 'diamonds') FROM entries WHERE kind = 16
    UNION ALL SELECT 'diamonds', 'borne', (detail ->> 'diamonds') - amount FROM entries WHERE kind = 16
    UNION ALL SELECT 'diamonds', 'adjusted', -amount FROM entries WHERE kind = 17
    UNION ALL SELECT 'diamonds', 'reserved', -amount FROM entries WHERE kind IN (12, 13)
    UNION ALL SELECT 'diamonds', 'reserved', -(detail ->> 'diamonds') FROM entries WHERE kind = 14
    UNION ALL SELECT 'diamonds', 'paid', (detail ->> 'diamonds') FROM entries WHERE kind = 14
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', (detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind IN (1, 6)
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', -(detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind IN (1, 6)
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', -(detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind = 5
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', (detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind = 5
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'paid_out', -(detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind = 14 AND detail -> 'price' IS NOT NULL
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'cashed_out', (detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind = 14 AND detail -> 'price' IS NOT NULL;

CREATE VIEW trial_balance AS
    SELECT asset, account, sum(amount) AS balance FROM postings GROUP BY asset, account;
