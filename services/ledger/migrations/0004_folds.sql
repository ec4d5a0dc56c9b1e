-- Views and feeds of many tenants in few round trips, and replays of the whole log.

-- Whoever changes the rows of a build without moving its checkpoint on (an operator) raises the
-- stamp, which is compared too: so a process may keep the rows at hand that it wrote itself.
ALTER TABLE ledger.view_checkpoint ADD COLUMN stamp bigint NOT NULL DEFAULT 0;

-- A replay reads the log partition by partition. The projector sees every event through the
-- parent anyway; nobody else sees a partition.
DO $$
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format('CREATE POLICY across ON ledger.event_%s FOR SELECT TO trellis_projector USING (true)', i);
    EXECUTE format('GRANT SELECT ON ledger.event_%s TO trellis_projector', i);
  END LOOP;
END $$;

-- The projector folds for many tenants in one statement. Its own reach stays one tenant's rows,
-- whatever a statement forgets; what goes beyond are the three functions below, whose owner can
-- reach nothing but these tables, and which touch only what is named item by item.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trellis_fold') THEN
    CREATE ROLE trellis_fold NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END $$;
DO $$
DECLARE
  item record;
BEGIN
  IF NOT pg_has_role(current_user, 'trellis_fold', 'MEMBER') THEN
    EXECUTE format('GRANT trellis_fold TO %I', current_user);
  END IF;
  GRANT USAGE ON SCHEMA ledger TO trellis_fold;
  FOR item IN
    SELECT * FROM (VALUES
      ('view_checkpoint', 'SELECT, UPDATE'), ('view_row', 'SELECT, INSERT, UPDATE'),
      ('view_figure', 'SELECT, INSERT, UPDATE'), ('view_parked', 'INSERT')
    ) AS tables (name, may)
  LOOP
    EXECUTE format('CREATE POLICY fold ON ledger.%I TO trellis_fold USING (true) WITH CHECK (true)', item.name);
    EXECUTE format('GRANT %s ON ledger.%I TO trellis_fold', item.may, item.name);
  END LOOP;
END $$;

-- The stored rows among those that lanes (a build and a tenant) are about to fold into.
CREATE FUNCTION ledger.view_rows(p_build bigint[], p_tenant uuid[], p_stream uuid[])
RETURNS TABLE (o_nth bigint, o_row json)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT w.nth, r.row
    FROM unnest(p_build, p_tenant, p_stream) WITH ORDINALITY AS w (build, tenant, stream, nth)
   CROSS JOIN LATERAL (
     SELECT v.row FROM ledger.view_row v
      WHERE v.tenant_id = w.tenant AND v.build = w.build AND v.stream = w.stream
      LIMIT 1) AS r;
END;

-- Moves lanes on, each with its rows, figures and parked streams: whole when its checkpoint is
-- where the fold began, else not at all. Answers with those that moved, counted from 1. A lane
-- that somebody else holds is passed over, so none waits for another.
CREATE FUNCTION ledger.fold(
  p_build bigint[],
  p_tenant uuid[],
  p_from bigint[],
  p_stamp bigint[],
  p_to bigint[],
  p_row_lane integer[],            -- from 1
  p_row_stream uuid[],
  p_row_thread uuid[],
  p_row text[],
  p_figure_lane integer[],
  p_figure text[],
  p_figure_part text[],
  p_figure_value bigint[],
  p_parked_lane integer[],
  p_parked_stream uuid[],
  p_parked_position bigint[],
  p_parked_sequence bigint[],
  p_parked_reason text[]
) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
  moved integer[];
BEGIN
  WITH held AS MATERIALIZED (
    SELECT l.nth, c.build, c.tenant_id, l.upto
      FROM unnest(p_build, p_tenant, p_from, p_stamp, p_to) WITH ORDINALITY
           AS l (build, tenant, past, stamp, upto, nth)
      JOIN ledger.view_checkpoint c
        ON c.tenant_id = l.tenant AND c.build = l.build
       AND c.position = l.past AND c.stamp = l.stamp
     ORDER BY c.tenant_id, c.build
       FOR NO KEY UPDATE OF c SKIP LOCKED
  ), done AS (
    UPDATE ledger.view_checkpoint c
       SET position = h.upto, moved_at = clock_timestamp()
      FROM held h
     WHERE c.tenant_id = h.tenant_id AND c.build = h.build
    RETURNING h.nth
  )
  SELECT coalesce(array_agg(d.nth::integer), '{}') INTO moved FROM done d;

  IF cardinality(p_row) > 0 THEN
    INSERT INTO ledger.view_row (build, tenant_id, stream, thread, row)
    SELECT p_build[r.lane], p_tenant[r.lane], r.stream, r.thread, r.row::json
      FROM unnest(p_row_lane, p_row_stream, p_row_thread, p_row) AS r (lane, stream, thread, row)
     WHERE r.lane = ANY (moved)
    ON CONFLICT (tenant_id, build, stream)
    DO UPDATE SET thread = excluded.thread, row = excluded.row;
  END IF;
  IF cardinality(p_figure) > 0 THEN
    INSERT INTO ledger.view_figure AS known (build, tenant_id, figure, part, value)
    SELECT p_build[f.lane], p_tenant[f.lane], f.figure, f.part, f.value
      FROM unnest(p_figure_lane, p_figure, p_figure_part, p_figure_value)
           AS f (lane, figure, part, value)
     WHERE f.lane = ANY (moved)
    ON CONFLICT (tenant_id, build, figure, part)
    DO UPDATE SET value = known.value + excluded.value;
  END IF;
  IF cardinality(p_parked_reason) > 0 THEN
    INSERT INTO ledger.view_parked (build, tenant_id, stream, position, sequence, reason)
    SELECT p_build[p.lane], p_tenant[p.lane], p.stream, p.position, p.sequence, p.reason
      FROM unnest(p_parked_lane, p_parked_stream, p_parked_position, p_parked_sequence,
                  p_parked_reason) AS p (lane, stream, position, sequence, reason)
     WHERE p.lane = ANY (moved);
  END IF;
  RETURN moved;
END $fn$;

-- Stores the rows of a build that has not begun: only under checkpoints that still are at the
-- beginning. Answers with how many were stored.
CREATE FUNCTION ledger.fill(
  p_build bigint,
  p_tenant uuid[],
  p_stream uuid[],
  p_thread uuid[],
  p_row text[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
  stored bigint;
BEGIN
  INSERT INTO ledger.view_row (build, tenant_id, stream, thread, row)
  SELECT p_build, r.tenant, r.stream, r.thread, r.row::json
    FROM unnest(p_tenant, p_stream, p_thread, p_row) AS r (tenant, stream, thread, row)
   WHERE r.tenant IN (SELECT c.tenant_id FROM ledger.view_checkpoint c
                       WHERE c.build = p_build AND c.position = 0 AND c.stamp = 0);
  GET DIAGNOSTICS stored = ROW_COUNT;
  RETURN stored;
END $fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_fold;
ALTER FUNCTION ledger.view_rows OWNER TO trellis_fold;
ALTER FUNCTION ledger.fold OWNER TO trellis_fold;
ALTER FUNCTION ledger.fill OWNER TO trellis_fold;
REVOKE CREATE ON SCHEMA ledger FROM trellis_fold;
REVOKE ALL ON FUNCTION ledger.view_rows, ledger.fold, ledger.fill FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.view_rows, ledger.fold, ledger.fill TO trellis_projector;

-- What readers ask for all the time, each in one round trip: the function says for whom and asks
-- as the reader itself, so that the policies above hold.
CREATE FUNCTION ledger.figures_of(p_tenant uuid, p_view text)
RETURNS TABLE (o_version integer, o_position bigint, o_figure text, o_part text, o_value bigint)
LANGUAGE plpgsql ROWS 100
AS $fn$
BEGIN
  PERFORM set_config('trellis.tenant', p_tenant::text, true);
  -- One statement, so that figures and position are of the same moment.
  RETURN QUERY
  SELECT b.version, coalesce(c.position, 0), f.figure, f.part, f.value
    FROM ledger.view_build b
    LEFT JOIN ledger.view_checkpoint c ON c.build = b.build AND c.tenant_id = p_tenant
    LEFT JOIN ledger.view_figure f
      ON f.build = b.build AND f.tenant_id = p_tenant AND f.value <> 0
   WHERE b.view = p_view AND b.state = 'live';
END $fn$;

CREATE FUNCTION ledger.feed_page(p_tenant uuid, p_after bigint, p_most integer)
RETURNS TABLE (
  o_head bigint, o_position bigint, o_type text, o_id text, o_sequence bigint, o_event_type text,
  o_home boolean, o_event_version text, o_payload json, o_metadata json, o_recorded timestamptz
)
LANGUAGE plpgsql ROWS 1000
AS $fn$
BEGIN
  PERFORM set_config('trellis.tenant', p_tenant::text, true);
  -- Head and events are of one moment: every position up to the head is there or lost.
  RETURN QUERY
  SELECT t.head, f.position, f.aggregate_type, f.aggregate_id, f.sequence, f.event_type, f.home,
         e.event_version, e.payload, e.metadata, e.recorded_at
    FROM ledger.tenant t
    LEFT JOIN LATERAL (
      SELECT f.* FROM ledger.feed f
       WHERE f.tenant_id = p_tenant AND f.position > p_after
       ORDER BY f.position
       LIMIT p_most) AS f ON true
    LEFT JOIN LATERAL (
      SELECT e.event_version, e.payload, e.metadata, e.recorded_at
        FROM ledger.event e
       WHERE e.aggregate_type = f.aggregate_type
         AND e.aggregate_id = f.aggregate_id
         AND e.sequence = f.sequence
       LIMIT 1) AS e ON true
   WHERE t.tenant_id = p_tenant;
END $fn$;
REVOKE ALL ON FUNCTION ledger.figures_of, ledger.feed_page FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.figures_of, ledger.feed_page TO trellis_reader;
