-- The ledger: accounts, entries, the rules that the database itself keeps, and the books derived from them.
-- Read from top to bottom. Run by the owner role; $app$ is the role of the application.

CREATE TABLE accounts (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       smallint NOT NULL CHECK (kind IN (1, 2)),        -- 1 wallet (coins), 2 earnings (diamonds)
    name       text     NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    opened_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, kind)
);

-- One row per line of an account. A gift is two rows in two accounts, appended independently; its facts stand on the debit,
-- credits are thin. Columns are ordered by alignment, so that a credit takes 104 bytes and a gift's debit about 140.
CREATE TABLE entries (
    account_id    bigint      NOT NULL,
    seq           bigint      NOT NULL CHECK (seq > 0),
    transfer_id   uuid        NOT NULL,
    amount        bigint      NOT NULL,
    balance_after bigint      NOT NULL CHECK (balance_after >= 0),   -- the floor
    counterparty  bigint      NOT NULL,                              -- 0: the system
    recorded_at   timestamptz NOT NULL,                              -- the start of the transaction that wrote it
    kind          smallint    NOT NULL,
    rate_version  int,
    quantity      int,
    diamonds      bigint,
    stream_id     uuid,
    gift_id       text,
    detail        jsonb,

    -- The fence: a stale writer loses the race for seq.
    PRIMARY KEY (account_id, seq),

    CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
        CASE kind WHEN 1  THEN amount > 0    -- purchase
                  WHEN 2  THEN amount < 0    -- gift sent
                  WHEN 11 THEN amount > 0    -- gift received
                  WHEN 12 THEN amount < 0    -- payout reserved
                  WHEN 13 THEN amount > 0    -- payout returned
                  WHEN 14 THEN amount = 0    -- payout paid
                  ELSE false END),
    CONSTRAINT facts_stand_where_they_belong CHECK (
        CASE kind WHEN 2  THEN diamonds > 0 AND quantity > 0 AND num_nulls(rate_version, stream_id, gift_id) = 0 AND counterparty > 0
                  WHEN 11 THEN counterparty > 0 AND detail IS NULL
                  ELSE detail IS NOT NULL END)
);

-- Idempotency. A transfer is (origin account, key): the origin of a debit is the account itself, of a credit its counterparty.
-- Both begin with the key, which is time-ordered if callers use UUIDv7, so that inserts land at the right edge.
CREATE UNIQUE INDEX entries_transfer ON entries (transfer_id, account_id) WHERE kind <> 11;
CREATE UNIQUE INDEX entries_credit   ON entries (transfer_id, counterparty, account_id) WHERE kind = 11;

-- A payment mints at most once per wallet; that it belongs to one wallet only is the receipt grain's claim.
CREATE UNIQUE INDEX entries_payment  ON entries ((detail ->> 'payment'), (detail ->> 'channel'), account_id) WHERE kind = 1;

-- For the scan that looks for recent debits without credit; rows arrive in time order, so block ranges do.
CREATE INDEX entries_recorded ON entries USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

-- The published terms that gifts are priced by; the audit compares every gift with them.
CREATE TABLE rate_cards (
    version  int    PRIMARY KEY CHECK (version > 0),
    diamonds bigint NOT NULL CHECK (diamonds > 0),    -- so many diamonds …
    coins    bigint NOT NULL CHECK (coins > 0),       -- … for so many coins, rounded half up
    card     jsonb  NOT NULL
);

-- Append-only: for the application by its grants, for everybody by triggers. Corrections are new entries.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entries_append_only  BEFORE UPDATE OR DELETE OR TRUNCATE ON entries  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rates_append_only    BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_cards FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON entries, accounts, rate_cards TO $app$;

-- The double-entry templates: what each kind of entry moves between the holder and the system's own accounts.
-- The system's side is never stored, it is derived here; every entry's postings sum to zero per asset.
CREATE VIEW postings AS
    SELECT 'coins' AS asset, 'wallets' AS account, amount FROM entries WHERE kind IN (1, 2)
    UNION ALL SELECT 'coins', 'issued', -amount FROM entries WHERE kind = 1
    UNION ALL SELECT 'coins', 'redeemed', -amount FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'issued', -diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', diamonds FROM entries WHERE kind = 2
    UNION ALL SELECT 'diamonds', 'in_flight', -amount FROM entries WHERE kind = 11
    UNION ALL SELECT 'diamonds', 'earnings', amount FROM entries WHERE kind >= 11
    UNION ALL SELECT 'diamonds', 'reserved', -amount FROM entries WHERE kind IN (12, 13)
    UNION ALL SELECT 'diamonds', 'reserved', -(detail ->> 'diamonds')::bigint FROM entries WHERE kind = 14
    UNION ALL SELECT 'diamonds', 'paid', (detail ->> 'diamonds')::bigint FROM entries WHERE kind = 14
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'received', (detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 1
    UNION ALL SELECT 'money ' || (detail -> 'price' ->> 'currency'), 'sold_as_coins', -(detail -> 'price' ->> 'amountMinor')::bigint FROM entries WHERE kind = 1;

CREATE VIEW trial_balance AS
    SELECT asset, account, sum(amount)::bigint AS balance FROM postings GROUP BY asset, account;

GRANT SELECT ON postings, trial_balance TO $app$;
