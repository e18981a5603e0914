-- The same as the PostgreSQL script of this name.

CREATE TABLE recognition_progress (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    through INTEGER NOT NULL
) STRICT;
INSERT INTO recognition_progress VALUES (1, 0);

CREATE TABLE recognition_pairs (
    span       INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    creator_id INTEGER NOT NULL,
    viewer_id  INTEGER NOT NULL,
    coins      INTEGER NOT NULL,
    PRIMARY KEY (span, number, creator_id, viewer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE recognition_boards (
    span       INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    side       INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    coins      INTEGER NOT NULL,
    others     INTEGER NOT NULL,
    PRIMARY KEY (span, number, side, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recognition_boards_coins  ON recognition_boards (span, number, side, coins DESC, account_id);
CREATE INDEX recognition_boards_others ON recognition_boards (span, number, side, others DESC, coins DESC, account_id);

CREATE TABLE recognition_gallery (
    creator_id INTEGER NOT NULL,
    gift_id    TEXT    NOT NULL,
    viewer_id  INTEGER NOT NULL,
    pieces     INTEGER NOT NULL,
    coins      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    PRIMARY KEY (creator_id, gift_id, viewer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recognition_gallery_viewer ON recognition_gallery (viewer_id, gift_id);

CREATE TABLE anonymous_choices (
    choice_seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    hidden     INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    chosen_at  INTEGER NOT NULL DEFAULT (unixepoch() * 1000000)
) STRICT;
