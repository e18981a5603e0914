-- The same as PostgreSQL's script of this name; beside the grain state, so that it does not wait for the ledger's one writer.
-- Times are text in UTC, which sorts as the times do.

CREATE TABLE notifications (
    channel     TEXT NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('notification', 'completion', 'alert')),
    body        TEXT NOT NULL CHECK (length(body) <= 65536),
    received_at TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('waiting', 'open', 'done')),
    attempts    INTEGER NOT NULL CHECK (attempts >= 0),
    due_at      TEXT CHECK (due_at IS NULL OR status <> 'done'),
    code        TEXT,
    detail      TEXT,
    PRIMARY KEY (channel, id)
) STRICT;

CREATE INDEX notifications_due    ON notifications (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_status ON notifications (status, received_at, channel, id);

CREATE TRIGGER notifications_no_delete BEFORE DELETE ON notifications BEGIN SELECT RAISE(ABORT, 'notifications stay: DELETE refused'); END;
CREATE TRIGGER notifications_no_update BEFORE UPDATE OF channel, id, kind, body, received_at ON notifications
BEGIN SELECT RAISE(ABORT, 'notifications keep what was told: UPDATE refused'); END;
