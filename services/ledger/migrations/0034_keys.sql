-- A key of personal values is stored with the first events that are sealed under it: no flush of its
-- own, no key that seals nothing, and nobody but the append makes one.
CREATE POLICY append ON ledger.subject_key TO trellis_append USING (true) WITH CHECK (true);
GRANT INSERT ON ledger.subject_key TO trellis_append;
GRANT SELECT (controller, subject, class, key_id, destroyed_at) ON ledger.subject_key TO trellis_append;
-- The role that decides may still say that there is to be none.
REVOKE INSERT ON ledger.subject_key FROM trellis_command;
GRANT INSERT (controller, subject, class, key_id, kek_id, destroyed_at) ON ledger.subject_key TO trellis_command;

-- A key that whoever sealed the batch found nowhere.
CREATE TYPE ledger.append_key AS (
    controller uuid,
    subject uuid,
    class text,
    key_id uuid,
    wrapped bytea,
    kek_id text
);

-- As before, with keys: when another process has stored another one under a name meanwhile, it fails
-- with serialization_failure like a stream that has moved on. A request that has its receipt already
-- fails with unique_violation; to look before each insert costs as much as the insert.
--
-- Every process locks in one order: keys, streams, tenants, receipts.
DROP FUNCTION ledger.append;
CREATE FUNCTION ledger.append(
    p_tenants ledger.append_tenant[],
    p_units ledger.append_unit[],
    p_streams ledger.append_stream[],
    p_events ledger.append_event[],
    p_feed ledger.append_feed[],
    p_keys ledger.append_key[],
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
    IF cardinality(p_keys) > 0 THEN
        INSERT INTO ledger.subject_key (controller, subject, class, key_id, wrapped, kek_id)
        SELECT n.controller, n.subject, n.class, n.key_id, n.wrapped, n.kek_id
          FROM unnest(p_keys) AS n
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS rows = ROW_COUNT;
        IF rows < cardinality(p_keys) THEN
            -- Another batch of the same process may have brought the same keys.
            SELECT count(*) INTO rows
              FROM unnest(p_keys) AS n
              JOIN ledger.subject_key k
                ON k.controller = n.controller AND k.subject = n.subject
               AND k.class = n.class COLLATE "C"
             WHERE k.key_id = n.key_id AND k.destroyed_at IS NULL;
            IF rows < cardinality(p_keys) THEN
                RAISE EXCEPTION 'somebody of this batch has another key' USING ERRCODE = 'serialization_failure';
            END IF;
        END IF;
    END IF;

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
      FROM unnest(p_units) AS u;
    RETURN bases;
END $fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_append;
ALTER FUNCTION ledger.append OWNER TO trellis_append;
REVOKE CREATE ON SCHEMA ledger FROM trellis_append;
REVOKE ALL ON FUNCTION ledger.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.append TO trellis_command;
