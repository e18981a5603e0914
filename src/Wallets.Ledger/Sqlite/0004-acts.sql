-- What operators did: append-only, one line a step. An act is what its lines say.

CREATE TABLE acts (
    act_seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    act_key     BLOB    NOT NULL CHECK (length(act_key) = 16),
    step        TEXT    NOT NULL CHECK (step IN ('asked', 'approved', 'rejected', 'refused', 'applied')),
    actor       TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    act_order   TEXT,
    note        TEXT,
    UNIQUE (act_key, step),
    CHECK ((step = 'asked') = (act_order IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX acts_decided_once ON acts (act_key) WHERE step IN ('approved', 'rejected');
CREATE UNIQUE INDEX acts_end_once     ON acts (act_key) WHERE step IN ('rejected', 'refused', 'applied');

CREATE TRIGGER acts_no_update BEFORE UPDATE ON acts BEGIN SELECT RAISE(ABORT, 'acts is append-only: UPDATE refused'); END;
CREATE TRIGGER acts_no_delete BEFORE DELETE ON acts BEGIN SELECT RAISE(ABORT, 'acts is append-only: DELETE refused'); END;
CREATE TRIGGER acts_no_replace BEFORE INSERT ON acts WHEN EXISTS (SELECT 1 FROM acts WHERE act_seq = NEW.act_seq)
BEGIN SELECT RAISE(ABORT, 'acts is append-only: a line is there already'); END;
