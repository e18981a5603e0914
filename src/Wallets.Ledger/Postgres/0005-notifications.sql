-- What stores and checkouts told us, stored before they are answered, and what became of it. Bodies never change, rows never go; only
-- the columns that say how far a notification has come may be updated.

CREATE TABLE notifications (
    channel     text NOT NULL,
    id          text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('notification', 'completion', 'alert')),
    body        text NOT NULL CHECK (length(body) <= 65536),
    received_at timestamptz NOT NULL,
    status      text NOT NULL CHECK (status IN ('waiting', 'open', 'done')),
    attempts    int  NOT NULL CHECK (attempts >= 0),
    due_at      timestamptz CHECK (due_at IS NULL OR status <> 'done'),   -- null: not handled by itself
    code        text,
    detail      text,
    PRIMARY KEY (channel, id)
);

CREATE INDEX notifications_due    ON notifications (channel, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notifications_status ON notifications (status, received_at, channel, id);

CREATE TRIGGER notifications_stay BEFORE DELETE OR TRUNCATE ON notifications FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notifications_keep_what_was_told BEFORE UPDATE OF channel, id, kind, body, received_at ON notifications
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON notifications TO $app$;
GRANT UPDATE (status, attempts, due_at, code, detail) ON notifications TO $app$;
