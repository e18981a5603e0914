-- What operators did: append-only, one line a step. An act is what its lines say.

CREATE TABLE acts (
    act_seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act_key     uuid        NOT NULL,
    step        text        NOT NULL CHECK (step IN ('asked', 'approved', 'rejected', 'refused', 'applied')),
    actor       text        NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    act_order   jsonb,                                 -- with the first step
    note        text,
    UNIQUE (act_key, step),
    CHECK ((step = 'asked') = (act_order IS NOT NULL))
);

-- An act is approved or rejected once, and ends once.
CREATE UNIQUE INDEX acts_decided_once ON acts (act_key) WHERE step IN ('approved', 'rejected');
CREATE UNIQUE INDEX acts_end_once     ON acts (act_key) WHERE step IN ('rejected', 'refused', 'applied');

CREATE TRIGGER acts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON acts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON acts TO $app$;
