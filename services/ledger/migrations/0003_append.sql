-- The append takes rows instead of columns, and one answer for the whole batch. It is the hot path
-- of every write: what used to be worked out here per batch (sequences, shares of each feed, literals)
-- comes ready from the writer, which knows it, and a statement costs what its rows cost.

-- The id tells streams apart; the type never does. First in the key, it settles a comparison at once.
ALTER TABLE ledger.event DROP CONSTRAINT event_pkey;
ALTER TABLE ledger.event ADD PRIMARY KEY (aggregate_id, aggregate_type, sequence);

-- A check constraint is parsed again for every partition that a statement meets. The append, the
-- only way in, checks a batch at once.
ALTER TABLE ledger.event
    DROP CONSTRAINT event_sequence_check,
    DROP CONSTRAINT event_hash_check,
    DROP CONSTRAINT event_check;
ALTER TABLE ledger.stream DROP CONSTRAINT stream_last_hash_check;
ALTER TABLE ledger.tenant DROP CONSTRAINT tenant_slice_check;

-- A statement that meets n partitions of a table opens n tables. The events keep their partitions,
-- for replays in parallel; a feed is only ever read along its key, so its rows lie in one table.
ALTER TABLE ledger.feed RENAME TO feed_of_16;
CREATE TABLE ledger.feed (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    home boolean NOT NULL
);
INSERT INTO ledger.feed SELECT * FROM ledger.feed_of_16;
DROP TABLE ledger.feed_of_16;
ALTER TABLE ledger.feed ADD PRIMARY KEY (tenant_id, position);
ALTER TABLE ledger.feed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY reader ON ledger.feed FOR SELECT TO trellis_reader
    USING (tenant_id = (SELECT ledger.current_tenant()));
CREATE POLICY across ON ledger.feed FOR SELECT TO trellis_command, trellis_projector USING (true);
CREATE POLICY append ON ledger.feed TO trellis_append USING (true) WITH CHECK (true);
GRANT SELECT ON ledger.feed TO trellis_reader, trellis_command, trellis_projector;
GRANT SELECT, INSERT ON ledger.feed TO trellis_append;

DROP FUNCTION ledger.append;

-- A feed that grows by `events`. `nth` counts a batch's tenants from 1.
CREATE TYPE ledger.append_tenant AS (
    nth integer,
    tenant_id uuid,
    slice smallint,
    events bigint
);

-- A command's receipt. `own` is the nth tenant of the batch that issues it, and `own_events` how far
-- into the batch's share of that tenant's feed the command reaches; both 0 when it takes no position.
CREATE TYPE ledger.append_unit AS (
    tenant_id uuid,
    request_id uuid,
    fingerprint bytea,
    aggregate_type text,
    aggregate_id text,
    version bigint,
    recorded_at timestamptz,
    own integer,
    own_events bigint
);

-- A stream that a command writes (`previous` and `last_hash` are the hashes before and after) or
-- only read (a guard: both are null).
CREATE TYPE ledger.append_stream AS (
    aggregate_type text,
    aggregate_id text,
    expected bigint,
    version bigint,
    previous bytea,
    last_hash bytea,
    home_tenant uuid,
    parties uuid[],
    subject uuid
);

CREATE TYPE ledger.append_event AS (
    aggregate_type text,
    aggregate_id text,
    sequence bigint,
    event_type text,
    event_version text,
    payload json,
    metadata json,
    home_tenant uuid,
    parties uuid[],
    hash bytea,
    recorded_at timestamptz
);

-- A feed row at `offset` (from 1) of the batch's share of the nth tenant's feed.
CREATE TYPE ledger.append_feed AS (
    tenant_id uuid,
    nth integer,
    feed_offset bigint,
    aggregate_type text,
    aggregate_id text,
    sequence bigint,
    event_type text,
    home boolean
);

-- The parties of a stream only ever become more.
CREATE FUNCTION ledger.united(uuid[], uuid[]) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT x FROM unnest($1 || $2) AS x ORDER BY x);

-- Appends a batch of commands in one transaction, all of it or nothing. Answers with the head that
-- each tenant's feed had before, in the order of `p_tenants`. When a stream has moved on or a
-- request has its receipt already it fails with serialization_failure; whoever sent the batch then
-- looks for the commands at fault and sends the others again. When a tenant has no feed yet it
-- fails with no_data_found.
--
-- Every process locks in one order: streams, tenants, receipts, each in the order given, which is
-- sorted. The session must plan nested loops, which keep that order (the writer sets it so).
-- No two commands of a batch may share a receipt, or a stream that one of them writes.
CREATE FUNCTION ledger.append(
    p_tenants ledger.append_tenant[],
    p_units ledger.append_unit[],
    p_streams ledger.append_stream[],
    p_events ledger.append_event[],
    p_feed ledger.append_feed[],
    p_opening boolean,
    p_guarded boolean
) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
    rows bigint;
    held bigint := 0;
    bases bigint[] := '{}';
BEGIN
    -- Streams expected not to exist. Who only read that needs a row to lock too, of version 0.
    IF p_opening THEN
        INSERT INTO ledger.stream AS t (aggregate_id, aggregate_type, version, home_tenant, parties,
                                        subject, last_hash)
        SELECT s.aggregate_id, s.aggregate_type, s.version, s.home_tenant, coalesce(s.parties, '{}'),
               s.subject, coalesce(s.last_hash, decode(repeat('00', 32), 'hex'))
          FROM unnest(p_streams) AS s
         WHERE s.expected = 0
        ON CONFLICT (aggregate_id, aggregate_type) DO UPDATE
            SET version = excluded.version,
                home_tenant = excluded.home_tenant,
                parties = excluded.parties,
                subject = excluded.subject,
                last_hash = excluded.last_hash
          WHERE t.version = 0;
        GET DIAGNOSTICS held = ROW_COUNT;
    END IF;

    -- Guards and writes in one pass, or two processes could wait for each other.
    IF p_guarded THEN
        SELECT held + count(*) INTO held
          FROM (
            SELECT t.version, s.expected, s.last_hash
              FROM unnest(p_streams) AS s
              JOIN ledger.stream t
                ON t.aggregate_id = s.aggregate_id COLLATE "C"
               AND t.aggregate_type = s.aggregate_type COLLATE "C"
             WHERE s.expected > 0
               FOR NO KEY UPDATE OF t
          ) AS l
         WHERE l.version = l.expected AND l.last_hash IS NULL;
    END IF;

    -- The compare-and-swap that everything below depends on.
    UPDATE ledger.stream t
       SET version = s.version,
           last_hash = s.last_hash,
           home_tenant = s.home_tenant,
           parties = CASE WHEN t.parties @> s.parties THEN t.parties
                     ELSE ledger.united(t.parties, s.parties) END,
           subject = coalesce(s.subject, t.subject)
      FROM unnest(p_streams) AS s
     WHERE s.expected > 0
       AND t.aggregate_id = s.aggregate_id COLLATE "C"
       AND t.aggregate_type = s.aggregate_type COLLATE "C"
       AND t.version = s.expected
       AND t.last_hash = s.previous;
    GET DIAGNOSTICS rows = ROW_COUNT;
    IF held + rows < cardinality(p_streams) THEN
        RAISE EXCEPTION 'a stream of this batch has moved on' USING ERRCODE = 'serialization_failure';
    END IF;

    IF cardinality(p_events) > 0 THEN
        -- What a check constraint would refuse becomes null, which the columns refuse.
        INSERT INTO ledger.event (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                  payload, metadata, home_tenant, parties, hash, recorded_at)
        SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
               e.payload, e.metadata,
               CASE WHEN e.home_tenant = ANY (e.parties) THEN e.home_tenant END,
               e.parties,
               CASE WHEN octet_length(e.hash) = 32 THEN e.hash END,
               e.recorded_at
          FROM unnest(p_events) AS e;

        -- From here on whoever else writes to these feeds waits, so this comes as late as it can.
        WITH grown AS (
            UPDATE ledger.tenant t
               SET head = t.head + s.events
              FROM unnest(p_tenants) AS s
             WHERE t.tenant_id = s.tenant_id
            RETURNING s.nth, t.head - s.events AS base
        )
        SELECT array_agg(g.base ORDER BY g.nth) INTO bases FROM grown AS g;
        IF bases IS NULL OR cardinality(bases) < cardinality(p_tenants) THEN
            RAISE EXCEPTION 'a tenant of this batch has no feed yet' USING ERRCODE = 'no_data_found';
        END IF;

        INSERT INTO ledger.feed (tenant_id, position, aggregate_type, aggregate_id, sequence,
                                 event_type, home)
        SELECT f.tenant_id, bases[f.nth] + f.feed_offset, f.aggregate_type, f.aggregate_id,
               f.sequence, f.event_type, f.home
          FROM unnest(p_feed) AS f;
    END IF;

    INSERT INTO ledger.receipt (tenant_id, request_id, fingerprint, aggregate_type, aggregate_id,
                                version, position, recorded_at)
    SELECT u.tenant_id, u.request_id, u.fingerprint, u.aggregate_type, u.aggregate_id, u.version,
           CASE WHEN u.own > 0 THEN bases[u.own] + u.own_events ELSE 0 END, u.recorded_at
      FROM unnest(p_units) AS u
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS rows = ROW_COUNT;
    IF rows < cardinality(p_units) THEN
        RAISE EXCEPTION 'a request of this batch has its receipt' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN bases;
END $fn$;

-- Gives tenants that have no feed yet an empty one.
CREATE FUNCTION ledger.open_feeds(p_tenants ledger.append_tenant[]) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
    INSERT INTO ledger.tenant (tenant_id, slice)
    SELECT t.tenant_id, t.slice FROM unnest(p_tenants) AS t WHERE t.slice BETWEEN 0 AND 1023
    ON CONFLICT DO NOTHING
$fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_append;
ALTER FUNCTION ledger.append OWNER TO trellis_append;
ALTER FUNCTION ledger.open_feeds OWNER TO trellis_append;
REVOKE CREATE ON SCHEMA ledger FROM trellis_append;
REVOKE ALL ON FUNCTION ledger.append, ledger.open_feeds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append, ledger.open_feeds TO trellis_command;
