-- Recognition: who gave how much to whom. Everything but anonymous_choices is derived from entries and may be emptied at any time, together
-- with recognition_progress set back to 1970; it is then derived again. Spans: 0 all time, 1 week (from Monday, counted since 1970),
-- 2 day (counted since 1970). Sides: 1 creators, 2 viewers.

CREATE TABLE recognition_progress (
    one     smallint    PRIMARY KEY CHECK (one = 1),
    through timestamptz NOT NULL                        -- every entry recorded before this time is counted
);
INSERT INTO recognition_progress VALUES (1, '1970-01-01T00:00:00Z');

-- Coins of one viewer to one creator in a span, less those of refunded gifts.
CREATE TABLE recognition_pairs (
    span       smallint NOT NULL,
    number     int      NOT NULL,
    creator_id bigint   NOT NULL,
    viewer_id  bigint   NOT NULL,
    coins      bigint   NOT NULL,
    PRIMARY KEY (span, number, creator_id, viewer_id)
) WITH (fillfactor = 80);

-- The boards: a creator's coins and supporters, or a viewer's coins and the creators they went to.
CREATE TABLE recognition_boards (
    span       smallint NOT NULL,
    number     int      NOT NULL,
    side       smallint NOT NULL,
    account_id bigint   NOT NULL,
    coins      bigint   NOT NULL,
    others     bigint   NOT NULL,
    PRIMARY KEY (span, number, side, account_id)
);
CREATE INDEX recognition_boards_coins  ON recognition_boards (span, number, side, coins DESC, account_id);
CREATE INDEX recognition_boards_others ON recognition_boards (span, number, side, others DESC, coins DESC, account_id);

-- Gifts of one kind from one viewer to one creator, in all time.
CREATE TABLE recognition_gallery (
    creator_id bigint      NOT NULL,
    gift_id    text        NOT NULL,
    viewer_id  bigint      NOT NULL,
    pieces     bigint      NOT NULL,
    coins      bigint      NOT NULL,
    first_at   timestamptz NOT NULL,
    PRIMARY KEY (creator_id, gift_id, viewer_id)
) WITH (fillfactor = 80);
CREATE INDEX recognition_gallery_viewer ON recognition_gallery (viewer_id, gift_id);

-- Not derived: the latest choice of a viewer holds.
CREATE TABLE anonymous_choices (
    choice_seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint      NOT NULL,
    hidden     smallint    NOT NULL CHECK (hidden IN (0, 1)),
    chosen_at  timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON recognition_progress, recognition_pairs, recognition_boards, recognition_gallery TO $app$;
GRANT SELECT, INSERT ON anonymous_choices TO $app$;
