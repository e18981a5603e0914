-- A ledger as one builds it in plain PostgreSQL: balances, transfers, entries. Both forms below are idempotent by key, refuse
-- overdrafts, keep gap-free statements with running balances, and take locks in one order, wallets before creators, so that nothing
-- deadlocks. Read from top to bottom.

CREATE TABLE accounts (
    id      bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0),
    version bigint NOT NULL                         -- the number of its last entry
) WITH (fillfactor = 50);                           -- balances are updated in place, within their page

CREATE TABLE transfers (
    key      uuid PRIMARY KEY,                      -- UUIDv7: appends at the right edge
    wallet   bigint NOT NULL,
    creator  bigint NOT NULL,
    coins    bigint NOT NULL CHECK (coins > 0),
    diamonds bigint NOT NULL CHECK (diamonds > 0),
    sent_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entries (
    account_id    bigint NOT NULL,
    seq           bigint NOT NULL,
    key           uuid   NOT NULL,
    amount        bigint NOT NULL,
    balance_after bigint NOT NULL,
    PRIMARY KEY (account_id, seq)
);

-- One gift per call. True if it was new. The creator's row, which many want, is locked last and so for the shortest time.
CREATE FUNCTION send_gift(gift_key uuid, from_wallet bigint, to_creator bigint, gift_coins bigint, gift_diamonds bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    wallet_balance bigint; wallet_version bigint; creator_balance bigint; creator_version bigint;
BEGIN
    INSERT INTO transfers (key, wallet, creator, coins, diamonds) VALUES (gift_key, from_wallet, to_creator, gift_coins, gift_diamonds) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE accounts SET balance = balance - gift_coins, version = version + 1 WHERE id = from_wallet RETURNING balance, version INTO STRICT wallet_balance, wallet_version;
    INSERT INTO entries VALUES (from_wallet, wallet_version, gift_key, -gift_coins, wallet_balance);
    UPDATE accounts SET balance = balance + gift_diamonds, version = version + 1 WHERE id = to_creator RETURNING balance, version INTO STRICT creator_balance, creator_version;
    INSERT INTO entries VALUES (to_creator, creator_version, gift_key, gift_diamonds, creator_balance);
    RETURN true;
END $$;

-- Many gifts per call, set by set. Returns how many were new. A gift that its wallet cannot pay, given those before it, is left out.
CREATE FUNCTION send_gifts(keys uuid[], wallets bigint[], creators bigint[], coins bigint[], diamonds bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    added_count bigint;
BEGIN
    PERFORM FROM accounts WHERE id = ANY (wallets || creators) ORDER BY id FOR NO KEY UPDATE;
    WITH asked AS (
        SELECT *, sum(g.coins) OVER (PARTITION BY g.wallet ORDER BY g.n) AS spent
        FROM unnest(keys, wallets, creators, coins, diamonds) WITH ORDINALITY AS g (key, wallet, creator, coins, diamonds, n)
        WHERE NOT EXISTS (SELECT FROM transfers t WHERE t.key = g.key)),
    added AS (
        INSERT INTO transfers (key, wallet, creator, coins, diamonds)
        SELECT a.key, a.wallet, a.creator, a.coins, a.diamonds FROM asked a JOIN accounts b ON b.id = a.wallet WHERE b.balance >= a.spent
        ON CONFLICT DO NOTHING RETURNING key, wallet, creator, transfers.coins, transfers.diamonds),
    lines AS (
        SELECT wallet AS account_id, key, -added.coins AS amount FROM added
        UNION ALL SELECT creator, key, added.diamonds FROM added),
    numbered AS (
        SELECT account_id, key, amount, row_number() OVER account AS place, sum(amount) OVER account AS running
        FROM lines WINDOW account AS (PARTITION BY account_id ORDER BY key ROWS UNBOUNDED PRECEDING)),
    entered AS (
        INSERT INTO entries SELECT l.account_id, b.version + l.place, l.key, l.amount, b.balance + l.running
        FROM numbered l JOIN accounts b ON b.id = l.account_id),
    moved AS (
        UPDATE accounts b SET balance = balance + l.total, version = version + l.entries
        FROM (SELECT account_id, sum(amount) AS total, count(*) AS entries FROM lines GROUP BY account_id) l WHERE b.id = l.account_id)
    SELECT count(*) INTO added_count FROM added;
    RETURN added_count;
END $$;
