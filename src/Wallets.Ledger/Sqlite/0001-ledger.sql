-- The ledger for one process: the same tables, rules and books as the PostgreSQL schema, in SQLite's words.
-- Times are microseconds since 1970 UTC; UUIDs are 16 bytes, big-endian.

CREATE TABLE accounts (
    account_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2)),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    UNIQUE (name, kind)
) STRICT;

CREATE TABLE entries (
    account_id    INTEGER NOT NULL,
    seq           INTEGER NOT NULL CHECK (seq > 0),
    transfer_id   BLOB    NOT NULL CHECK (length(transfer_id) = 16),
    amount        INTEGER NOT NULL,
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
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

    CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
        CASE kind WHEN 1  THEN amount > 0
                  WHEN 2  THEN amount < 0
                  WHEN 11 THEN amount > 0
                  WHEN 12 THEN amount < 0
                  WHEN 13 THEN amount > 0
                  WHEN 14 THEN amount = 0
                  ELSE 0 END),
    CONSTRAINT facts_stand_where_they_belong CHECK (
        CASE kind WHEN 2  THEN diamonds > 0 AND quantity > 0 AND rate_version IS NOT NULL AND stream_id IS NOT NULL AND gift_id IS NOT NULL AND counterparty > 0
                  WHEN 11 THEN counterparty > 0 AND detail IS NULL
                  ELSE detail IS NOT NULL END)
) STRICT;

CREATE UNIQUE INDEX entries_transfer ON entries (transfer_id, account_id) WHERE kind <> 11;
CREATE UNIQUE INDEX entries_credit   ON entries (transfer_id, counterparty, account_id) WHERE kind = 11;
CREATE UNIQUE INDEX entries_payment  ON entries (detail ->> 'payment', detail ->> 'channel', account_id) WHERE kind = 1;
CREATE INDEX        entries_recorded ON entries (recorded_at) WHERE kind = 2;

CREATE TABLE rate_cards (
    version  INTEGER PRIMARY KEY CHECK (version > 0),
    diamonds INTEGER NOT NULL CHECK (diamonds > 0),
    coins    INTEGER NOT NULL CHECK (coins > 0),
    card     TEXT    NOT NULL
) STRICT;

CREATE TRIGGER entries_no_update  BEFORE UPDATE ON entries  BEGIN SELECT RAISE(ABORT, 'entries is append-only: UPDATE refused'); END;
CREATE TRIGGER entries_no_delete  BEFORE DELETE ON entries  BEGIN SELECT RAISE(ABORT, 'entries is append-only: DELETE refused'); END;
-- INSERT OR REPLACE deletes without asking the DELETE triggers.
CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE account_id = NEW.account_id AND seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM entries WHERE transfer_id = NEW.transfer_id AND account_id = NEW.account_id AND kind <> 11 AND NEW.kind <> 11)
  OR EXISTS (SELECT 1 FROM entries WHERE transfer_id = NEW.transfer_id AND counterparty = NEW.counterparty AND account_id = NEW.account_id AND kind = 11 AND NEW.kind = 11)
BEGIN SELECT RAISE(ABORT, 'entries is append-only: an entry is there already'); END;
CREATE TRIGGER accounts_no_replace BEFORE INSERT ON accounts WHEN EXISTS (SELECT 1 FROM accounts WHERE account_id = NEW.account_id)
BEGIN SELECT RAISE(ABORT, 'accounts is append-only: an account is there already'); END;
CREATE TRIGGER accounts_no_update BEFORE UPDATE ON accounts BEGIN SELECT RAISE(ABORT, 'accounts is append-only: UPDATE refused'); END;
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'accounts is append-only: DELETE refused'); END;
CREATE TRIGGER rates_no_update    BEFORE UPDATE ON rate_cards BEGIN SELECT RAISE(ABORT, 'rate_cards is append-only: UPDATE refused'); END;
CREATE TRIGGER rates_no_delete    BEFORE DELETE ON rate_cards BEGIN SELECT RAISE(ABORT, 'rate_cards is append-only: DELETE refused'); END;

CREATE VIEW postings AS
    SELECT 'coins' AS asset, 'wallets' AS account, amount FROM entries WHERE kind IN (1, 2)
    UNION ALL SELECT 'coins', 'issued', -amount FROM entries WHERE kind = 1
    UNION ALL SELECT 'coins', 'redeemed', -amount FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'issued', -diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', -amount FROM entries WHERE kind = 11
    UNION ALL SELECT 'diamonds', 'earnings', amount FROM entries WHERE kind >= 11
    UNION ALL SELECT 'diamonds', 'reserved', -amount FROM entries WHERE kind IN (12, 13)
    UNION ALL SELECT 'diamonds', 'reserved', -(detail ->> 'diamonds') FROM entries WHERE kind = 14
    UNION ALL SELECT 'diamonds', 'paid', detail ->> 'diamonds' FROM entries WHERE kind = 14
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', detail -> 'price' ->> 'amountMinor' FROM entries WHERE kind = 1
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', -(detail -> 'price' ->> 'amountMinor') FROM entries WHERE kind = 1;

CREATE VIEW trial_balance AS
    SELECT asset, account, sum(amount) AS balance FROM postings GROUP BY asset, account;
