-- Who read what about whom: one row per reader, class, record and hour. No event, so that no feed, no
-- position and no version tells one party that another is reading.
CREATE TABLE ledger.access (
    subject uuid NOT NULL,
    hour bigint NOT NULL,            -- its first second, since 1970
    tenant_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    reader text COLLATE "C" NOT NULL,
    class text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id uuid NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times bigint NOT NULL CHECK (times > 0),
    PRIMARY KEY (subject, hour, tenant_id, role, reader, class, action, aggregate_type, aggregate_id),
    CHECK (first_at <= last_at)
) WITH (fillfactor = 80);
CREATE INDEX access_tenant ON ledger.access (tenant_id, first_at);

ALTER TABLE ledger.access ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY reader ON ledger.access FOR SELECT TO trellis_reader
    USING (tenant_id = (SELECT ledger.current_tenant()));
CREATE POLICY command ON ledger.access TO trellis_command USING (true) WITH CHECK (true);

-- Recorded and counted, never removed and never said otherwise.
GRANT SELECT ON ledger.access TO trellis_reader, trellis_command;
GRANT INSERT ON ledger.access TO trellis_command;
GRANT UPDATE (last_at, times) ON ledger.access TO trellis_command;
