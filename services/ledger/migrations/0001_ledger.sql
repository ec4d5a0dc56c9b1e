-- The shared history. Nothing but ledger.append() writes events, feeds, streams and receipts, and
-- nothing at all changes or removes an event.

-- Roles belong to the cluster, so another database's migration may create them at the same moment.
DO $$
DECLARE
    role record;
BEGIN
    FOR role IN
        SELECT * FROM (VALUES
            ('trellis_append', 'NOLOGIN'),    -- owns the append function
            ('trellis_command', 'LOGIN'),     -- decides and appends
            ('trellis_reader', 'LOGIN'),      -- reads as one tenant
            ('trellis_projector', 'LOGIN')    -- folds feeds into views
        ) AS wanted (name, login)
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', role.name, role.login);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    -- A migration owner that is no superuser must be a member to hand the function over.
    IF NOT pg_has_role(current_user, 'trellis_append', 'MEMBER') THEN
        EXECUTE format('GRANT trellis_append TO %I', current_user);
    END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS ledger;
GRANT USAGE ON SCHEMA ledger TO trellis_append, trellis_command, trellis_reader, trellis_projector;

-- The tenant that a reader speaks for: set_config('trellis.tenant', .., true) in its transaction.
CREATE FUNCTION ledger.current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('trellis.tenant', true), '')::uuid;

-- `head` is the last position of the tenant's feed; the row's lock is what orders the feed.
-- `slice` never changes: the unit of placing a tenant on a server.
CREATE TABLE ledger.tenant (
    tenant_id uuid PRIMARY KEY,
    slice smallint NOT NULL CHECK (slice BETWEEN 0 AND 1023),
    head bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 40);
CREATE INDEX tenant_slice ON ledger.tenant (slice);

-- `version` is the optimistic lock. `parties` are all tenants that were ever a party. A row of
-- version 0 only says that somebody asked for the stream.
CREATE TABLE ledger.stream (
    aggregate_id text COLLATE "C" NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    home_tenant uuid,
    parties uuid[] NOT NULL DEFAULT '{}',
    subject uuid,
    last_hash bytea NOT NULL CHECK (octet_length(last_hash) = 32),
    PRIMARY KEY (aggregate_id, aggregate_type)
) WITH (fillfactor = 70);
CREATE INDEX stream_subject ON ledger.stream (subject) WHERE subject IS NOT NULL;

-- A postgres-es table with further columns. `json` keeps the text as it was sent: the hash is over
-- those bytes. `parties` are the tenants that may see this one event.
CREATE TABLE ledger.event (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    event_type text COLLATE "C" NOT NULL,
    event_version text COLLATE "C" NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    home_tenant uuid NOT NULL,
    parties uuid[] NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence),
    CHECK (home_tenant = ANY (parties))
) PARTITION BY HASH (aggregate_id);

-- One row per event and party, dense from 1 in the order of commits.
CREATE TABLE ledger.feed (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    home boolean NOT NULL,
    PRIMARY KEY (tenant_id, position)
) PARTITION BY HASH (tenant_id);

DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE ledger.event_%1$s PARTITION OF ledger.event FOR VALUES WITH (MODULUS 16, REMAINDER %1$s)', i);
        EXECUTE format('CREATE TABLE ledger.feed_%1$s PARTITION OF ledger.feed FOR VALUES WITH (MODULUS 16, REMAINDER %1$s)', i);
        -- Reached through the parent only: no policy here, so nothing is seen past it.
        EXECUTE format('ALTER TABLE ledger.event_%1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', i);
        EXECUTE format('ALTER TABLE ledger.feed_%1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', i);
    END LOOP;
END $$;

-- The first answer to a request; a repeat gets it again.
CREATE TABLE ledger.receipt (
    tenant_id uuid NOT NULL,
    request_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
);

-- One data key per controller, subject and class, wrapped under a key that is not in the database.
CREATE TABLE ledger.subject_key (
    controller uuid NOT NULL,
    subject uuid NOT NULL,
    class text COLLATE "C" NOT NULL,
    key_id uuid NOT NULL,
    wrapped bytea,
    kek_id text NOT NULL,
    destroyed_at timestamptz,
    PRIMARY KEY (controller, subject, class),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX subject_key_subject ON ledger.subject_key (subject);

-- Isolation. Force: it holds for a table's owner too.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT * FROM (VALUES
            ('tenant', 'tenant_id = (SELECT ledger.current_tenant())'),
            ('stream', '(SELECT ledger.current_tenant()) = ANY (parties)'),
            ('event', '(SELECT ledger.current_tenant()) = ANY (parties)'),
            ('feed', 'tenant_id = (SELECT ledger.current_tenant())'),
            ('receipt', 'tenant_id = (SELECT ledger.current_tenant())'),
            ('subject_key', 'controller = (SELECT ledger.current_tenant())')
        ) AS tables (name, own)
    LOOP
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', item.name);
        EXECUTE format('CREATE POLICY reader ON ledger.%I FOR SELECT TO trellis_reader USING (%s)', item.name, item.own);
    END LOOP;
    -- The decider and the projector work across tenants; so does the append.
    FOR item IN SELECT unnest(ARRAY['tenant', 'stream', 'event', 'feed', 'receipt']) AS name LOOP
        EXECUTE format('CREATE POLICY across ON ledger.%I FOR SELECT TO trellis_command, trellis_projector USING (true)', item.name);
        EXECUTE format('CREATE POLICY append ON ledger.%I TO trellis_append USING (true) WITH CHECK (true)', item.name);
    END LOOP;
END $$;
CREATE POLICY command ON ledger.subject_key TO trellis_command USING (true) WITH CHECK (true);

GRANT SELECT ON ledger.tenant, ledger.stream, ledger.event, ledger.feed, ledger.receipt
    TO trellis_reader, trellis_command, trellis_projector;
GRANT SELECT, INSERT ON ledger.subject_key TO trellis_command;
GRANT UPDATE (wrapped, kek_id, destroyed_at) ON ledger.subject_key TO trellis_command;
GRANT SELECT, INSERT ON ledger.event, ledger.feed, ledger.receipt TO trellis_append;
GRANT SELECT, INSERT, UPDATE ON ledger.stream, ledger.tenant TO trellis_append;

-- Appends a batch of units in one transaction. A unit is one command: its stream writes, the
-- streams it only read (guards: `p_stream_previous` is null) and its receipt. A unit is written
-- whole or not at all, and the outcome of one never touches another:
--   written   everything stands
--   repeat    the request has its receipt already (its columns follow); nothing was written
--   conflict  a stream has moved on; nothing was written
-- Locks are taken in one order everywhere: streams, tenants, receipts, each sorted.
-- No two units of a batch may name the same receipt, or a stream that one of them writes.
CREATE FUNCTION ledger.append(
    p_unit_tenant uuid[],
    p_unit_request uuid[],
    p_unit_fingerprint bytea[],
    p_unit_type text[],
    p_unit_id text[],
    p_unit_version bigint[],
    p_unit_recorded bigint[],        -- microseconds since 1970
    p_unit_metadata text[],
    p_stream_unit integer[],         -- from 1
    p_stream_type text[],
    p_stream_id text[],
    p_stream_expected bigint[],
    p_stream_previous bytea[],       -- the hash expected; null for a guard
    p_stream_hash bytea[],
    p_stream_home uuid[],
    p_stream_parties text[],         -- array literals of uuids, sorted
    p_stream_subject uuid[],
    p_event_stream integer[],        -- from 1
    p_event_type text[],
    p_event_version text[],
    p_event_payload text[],
    p_event_hash bytea[],
    p_tenant uuid[],                 -- every party of the batch
    p_tenant_slice smallint[]
) RETURNS TABLE (
    o_unit integer,
    o_outcome text,
    o_fingerprint bytea,
    o_type text,
    o_id text,
    o_version bigint,
    o_position bigint,
    o_recorded bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
    genesis CONSTANT bytea := decode(repeat('00', 32), 'hex');
    good integer[];
    written integer[];
    party uuid[];
    share bigint[];
    receipts bigint;
    streams bigint;
    streams_due bigint;
BEGIN
    -- A stream that is expected not to exist needs a row to lock.
    INSERT INTO ledger.stream (aggregate_id, aggregate_type, last_hash)
    SELECT DISTINCT s.id, s.type, genesis
      FROM unnest(p_stream_id, p_stream_type, p_stream_expected) AS s (id, type, expected)
     WHERE s.expected = 0
     ORDER BY 1, 2
    ON CONFLICT DO NOTHING;

    -- The compare-and-swap that everything below depends on. A row that was waited for shows its
    -- newest version here.
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT s.id COLLATE "C" AS id, s.type COLLATE "C" AS type
          FROM unnest(p_stream_id, p_stream_type) AS s (id, type)
    ), locked AS MATERIALIZED (
        SELECT t.aggregate_id, t.aggregate_type, t.version, t.last_hash
          FROM wanted w
          JOIN ledger.stream t ON t.aggregate_id = w.id AND t.aggregate_type = w.type
         ORDER BY t.aggregate_id, t.aggregate_type
           FOR NO KEY UPDATE OF t
    )
    SELECT array_agg(g.unit) INTO good
      FROM (
        SELECT s.unit
          FROM unnest(p_stream_unit, p_stream_id, p_stream_type, p_stream_expected, p_stream_previous)
               AS s (unit, id, type, expected, previous)
          LEFT JOIN locked l ON l.aggregate_id = s.id COLLATE "C" AND l.aggregate_type = s.type COLLATE "C"
         GROUP BY s.unit
        HAVING bool_and(
                   l.version IS NOT NULL
                   AND l.version = s.expected
                   AND (s.previous IS NULL OR l.last_hash = s.previous))
      ) AS g;

    SELECT coalesce(array_agg(u.unit), '{}') INTO written
      FROM unnest(p_unit_tenant, p_unit_request) WITH ORDINALITY AS u (tenant, request, unit)
     WHERE u.unit = ANY (good)
       AND NOT EXISTS (
           SELECT FROM ledger.receipt r WHERE r.tenant_id = u.tenant AND r.request_id = u.request);

    IF cardinality(written) > 0 THEN
        SELECT coalesce(array_agg(c.tenant), '{}'), coalesce(array_agg(c.n), '{}') INTO party, share
          FROM (
            SELECT p.tenant, count(*) AS n
              FROM unnest(p_event_stream) AS e (stream)
              JOIN unnest(p_stream_unit, p_stream_parties) WITH ORDINALITY AS s (unit, parties, stream)
                USING (stream)
             CROSS JOIN LATERAL unnest(s.parties::uuid[]) AS p (tenant)
             WHERE s.unit = ANY (written)
             GROUP BY p.tenant
          ) AS c;

        INSERT INTO ledger.tenant (tenant_id, slice)
        SELECT t.tenant, t.slice
          FROM unnest(p_tenant, p_tenant_slice) AS t (tenant, slice)
         WHERE t.tenant = ANY (party)
           AND NOT EXISTS (SELECT FROM ledger.tenant k WHERE k.tenant_id = t.tenant)
         ORDER BY t.tenant
        ON CONFLICT DO NOTHING;

        PERFORM FROM ledger.tenant t WHERE t.tenant_id = ANY (party) ORDER BY t.tenant_id FOR NO KEY UPDATE;

        WITH heads AS (
            UPDATE ledger.tenant t
               SET head = t.head + c.n
              FROM unnest(party, share) AS c (tenant, n)
             WHERE t.tenant_id = c.tenant
            RETURNING t.tenant_id, t.head - c.n AS base
        ), unit AS MATERIALIZED (
            SELECT u.*, timestamptz 'epoch' + u.micros * interval '1 microsecond' AS recorded_at
              FROM unnest(p_unit_tenant, p_unit_request, p_unit_fingerprint, p_unit_type, p_unit_id,
                          p_unit_version, p_unit_recorded, p_unit_metadata) WITH ORDINALITY
                   AS u (tenant, request, fingerprint, type, id, version, micros, metadata, unit)
             WHERE u.unit = ANY (written)
        ), write AS MATERIALIZED (
            SELECT s.unit, s.stream, s.id, s.type, s.expected, s.hash, s.home,
                   s.parties::uuid[] AS parties, s.subject
              FROM unnest(p_stream_unit, p_stream_id, p_stream_type, p_stream_expected,
                          p_stream_previous, p_stream_hash, p_stream_home, p_stream_parties,
                          p_stream_subject) WITH ORDINALITY
                   AS s (unit, id, type, expected, previous, hash, home, parties, subject, stream)
             WHERE s.unit = ANY (written) AND s.previous IS NOT NULL
        ), fact AS MATERIALIZED (
            SELECT w.unit, w.id, w.type, w.home, w.parties, e.nth, e.event_type, e.event_version,
                   e.payload, e.hash,
                   w.expected + row_number() OVER (PARTITION BY w.stream ORDER BY e.nth) AS sequence
              FROM unnest(p_event_stream, p_event_type, p_event_version, p_event_payload, p_event_hash)
                   WITH ORDINALITY AS e (stream, event_type, event_version, payload, hash, nth)
              JOIN write w USING (stream)
        ), placed AS MATERIALIZED (
            SELECT h.tenant_id, f.unit, f.type, f.id, f.sequence, f.event_type,
                   h.tenant_id = f.home AS home,
                   h.base + row_number() OVER (PARTITION BY h.tenant_id ORDER BY f.nth) AS position
              FROM fact f
             CROSS JOIN LATERAL unnest(f.parties) AS p (tenant)
              JOIN heads h ON h.tenant_id = p.tenant
        ), stored AS (
            INSERT INTO ledger.event (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                      payload, metadata, home_tenant, parties, hash, recorded_at)
            SELECT f.type, f.id, f.sequence, f.event_type, f.event_version, f.payload::json,
                   u.metadata::json, f.home, f.parties, f.hash, u.recorded_at
              FROM fact f JOIN unit u USING (unit)
        ), fed AS (
            INSERT INTO ledger.feed (tenant_id, position, aggregate_type, aggregate_id, sequence,
                                     event_type, home)
            SELECT p.tenant_id, p.position, p.type, p.id, p.sequence, p.event_type, p.home
              FROM placed p
        ), moved AS (
            UPDATE ledger.stream t
               SET version = m.version,
                   home_tenant = m.home,
                   parties = CASE WHEN t.parties @> m.parties THEN t.parties
                             ELSE ARRAY(SELECT DISTINCT x FROM unnest(t.parties || m.parties) AS x ORDER BY x) END,
                   subject = coalesce(m.subject, t.subject),
                   last_hash = m.hash
              FROM (SELECT w.id, w.type, w.home, w.parties, w.subject, w.hash,
                           max(f.sequence) AS version
                      FROM write w JOIN fact f ON f.id = w.id AND f.type = w.type
                     GROUP BY w.id, w.type, w.home, w.parties, w.subject, w.hash) AS m
             WHERE t.aggregate_id = m.id COLLATE "C" AND t.aggregate_type = m.type COLLATE "C"
            RETURNING 1
        ), answered AS (
            INSERT INTO ledger.receipt (tenant_id, request_id, fingerprint, aggregate_type,
                                        aggregate_id, version, position, recorded_at)
            SELECT u.tenant, u.request, u.fingerprint, u.type, u.id, u.version,
                   coalesce((SELECT max(p.position) FROM placed p
                              WHERE p.unit = u.unit AND p.tenant_id = u.tenant), 0),
                   u.recorded_at
              FROM unit u
             ORDER BY u.tenant, u.request
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM answered), (SELECT count(*) FROM moved), (SELECT count(*) FROM write)
          INTO receipts, streams, streams_due;

        -- Another process answered one of these requests between the look and the insert. Nothing
        -- of this batch may stand then; sent again, it finds that receipt.
        IF receipts <> cardinality(written) OR streams <> streams_due THEN
            RAISE EXCEPTION 'a request of this batch was answered elsewhere at the same time'
                USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;

    RETURN QUERY
    SELECT u.unit::integer,
           CASE WHEN u.unit = ANY (written) THEN 'written'
                WHEN r.tenant_id IS NULL THEN 'conflict'
                ELSE 'repeat' END,
           r.fingerprint, r.aggregate_type, r.aggregate_id, r.version, r.position,
           (extract(epoch FROM r.recorded_at) * 1000000)::bigint
      FROM unnest(p_unit_tenant, p_unit_request) WITH ORDINALITY AS u (tenant, request, unit)
      LEFT JOIN ledger.receipt r ON r.tenant_id = u.tenant AND r.request_id = u.request
     ORDER BY u.unit;
END $fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_append;
ALTER FUNCTION ledger.append OWNER TO trellis_append;
REVOKE CREATE ON SCHEMA ledger FROM trellis_append;
REVOKE ALL ON FUNCTION ledger.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append TO trellis_command;
