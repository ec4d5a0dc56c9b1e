-- Counts whose parts grow with people, such as trainees by supervisor, are kept apart from the other
-- figures: a dashboard reads the largest parts by index, and how many parts have each value, which is
-- all that is ever worked out of the others.

CREATE TABLE ledger.view_part (
  build      bigint NOT NULL,
  tenant_id  uuid   NOT NULL,
  figure     text   NOT NULL,
  part       text   NOT NULL,
  value      bigint NOT NULL,
  PRIMARY KEY (tenant_id, build, figure, part)
) WITH (fillfactor = 80);
CREATE INDEX view_part_largest ON ledger.view_part (tenant_id, build, figure, value DESC, part);

-- How many parts of a figure have a value; it moves with the parts, in the same statement.
CREATE TABLE ledger.view_spread (
  build      bigint NOT NULL,
  tenant_id  uuid   NOT NULL,
  figure     text   NOT NULL,
  value      bigint NOT NULL,
  parts      bigint NOT NULL,
  PRIMARY KEY (tenant_id, build, figure, value)
) WITH (fillfactor = 50);

DO $$
DECLARE
  item text;
BEGIN
  FOREACH item IN ARRAY ARRAY['view_part', 'view_spread'] LOOP
    EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', item);
    EXECUTE format('CREATE POLICY projector ON ledger.%I TO trellis_projector
                      USING (tenant_id = (SELECT ledger.current_tenant()))', item);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.%I TO trellis_projector', item);
    EXECUTE format('CREATE POLICY reader ON ledger.%I FOR SELECT TO trellis_reader
                      USING (tenant_id = (SELECT ledger.current_tenant()))', item);
    EXECUTE format('CREATE POLICY inspector ON ledger.%I FOR SELECT TO trellis_inspector
                      USING (tenant_id = (SELECT ledger.current_tenant()))', item);
    EXECUTE format('GRANT SELECT ON ledger.%I TO trellis_reader, trellis_inspector', item);
    EXECUTE format('CREATE POLICY fold ON ledger.%I TO trellis_fold USING (true) WITH CHECK (true)', item);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON ledger.%I TO trellis_fold', item);
  END LOOP;
END $$;

-- As before, with the parts of crowds.
DROP FUNCTION ledger.fold;
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
  p_figure_crowd boolean[],
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
  IF false = ANY (p_figure_crowd) THEN
    INSERT INTO ledger.view_figure AS known (build, tenant_id, figure, part, value)
    SELECT p_build[f.lane], p_tenant[f.lane], f.figure, f.part, f.value
      FROM unnest(p_figure_lane, p_figure, p_figure_part, p_figure_value, p_figure_crowd)
           AS f (lane, figure, part, value, crowd)
     WHERE f.lane = ANY (moved) AND NOT f.crowd
    ON CONFLICT (tenant_id, build, figure, part)
    DO UPDATE SET value = known.value + excluded.value;
  END IF;
  IF true = ANY (p_figure_crowd) THEN
    WITH change AS MATERIALIZED (
      SELECT p_build[f.lane] AS build, p_tenant[f.lane] AS tenant_id, f.figure, f.part, f.value
        FROM unnest(p_figure_lane, p_figure, p_figure_part, p_figure_value, p_figure_crowd)
             AS f (lane, figure, part, value, crowd)
       WHERE f.lane = ANY (moved) AND f.crowd
    ), put AS (
      INSERT INTO ledger.view_part AS known (build, tenant_id, figure, part, value)
      SELECT c.build, c.tenant_id, c.figure, c.part, c.value FROM change c
      ON CONFLICT (tenant_id, build, figure, part)
      DO UPDATE SET value = known.value + excluded.value
      RETURNING known.build, known.tenant_id, known.figure, known.part, known.value
    ), went AS (
      SELECT p.build, p.tenant_id, p.figure, p.value, 1 AS parts FROM put p
       WHERE p.value <> 0
      UNION ALL
      SELECT p.build, p.tenant_id, p.figure, p.value - c.value, -1
        FROM put p JOIN change c USING (build, tenant_id, figure, part)
       WHERE p.value <> c.value
    )
    INSERT INTO ledger.view_spread AS known (build, tenant_id, figure, value, parts)
    SELECT w.build, w.tenant_id, w.figure, w.value, sum(w.parts) FROM went w
     GROUP BY w.build, w.tenant_id, w.figure, w.value
    HAVING sum(w.parts) <> 0
    ON CONFLICT (tenant_id, build, figure, value)
    DO UPDATE SET parts = known.parts + excluded.parts;
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
GRANT CREATE ON SCHEMA ledger TO trellis_fold;
ALTER FUNCTION ledger.fold OWNER TO trellis_fold;
REVOKE CREATE ON SCHEMA ledger FROM trellis_fold;
REVOKE ALL ON FUNCTION ledger.fold FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.fold TO trellis_projector;

-- As before; of the crowds named, the largest parts (all of them without p_first) with `o_parts` zero,
-- and how many parts have each value.
DROP FUNCTION ledger.figures_of;
CREATE FUNCTION ledger.figures_of(p_tenant uuid, p_view text, p_crowds text[], p_first bigint)
RETURNS TABLE (
  o_version integer, o_position bigint, o_head bigint, o_waiting bigint, o_figure text, o_part text,
  o_value bigint, o_parts bigint
)
LANGUAGE plpgsql ROWS 100
AS $fn$
BEGIN
  PERFORM set_config('trellis.tenant', p_tenant::text, true);
  -- One statement, so that figures, position and head are of the same moment.
  RETURN QUERY
  SELECT b.version, coalesce(c.position, 0), greatest(t.head, c.position, 0),
         (extract(epoch FROM w.recorded_at - '2000-01-01Z') * 1000000)::bigint,
         f.figure, f.part, f.value, f.parts
    FROM ledger.view_build b
    LEFT JOIN ledger.view_checkpoint c ON c.build = b.build AND c.tenant_id = p_tenant
    LEFT JOIN ledger.tenant t ON t.tenant_id = p_tenant
    LEFT JOIN LATERAL (
      SELECT f.aggregate_type, f.aggregate_id, f.sequence FROM ledger.feed f
       -- Row security takes coalesce for something that may leak, and would filter the whole feed by it
       -- instead of entering the index there.
       WHERE f.tenant_id = p_tenant
         AND f.position > CASE WHEN c.position IS NULL THEN 0 ELSE c.position END
       ORDER BY f.position
       LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (
      SELECT e.recorded_at FROM ledger.event e
       WHERE e.aggregate_type = n.aggregate_type AND e.aggregate_id = n.aggregate_id
         AND e.sequence = n.sequence
       LIMIT 1) AS w ON true
    LEFT JOIN LATERAL (
      SELECT v.figure, v.part, v.value, NULL::bigint AS parts FROM ledger.view_figure v
       WHERE v.build = b.build AND v.tenant_id = p_tenant AND v.value <> 0
      UNION ALL
      SELECT p.figure, p.part, p.value, 0 FROM unnest(p_crowds) AS crowd (figure)
       CROSS JOIN LATERAL (
         SELECT v.figure, v.part, v.value FROM ledger.view_part v
          WHERE v.build = b.build AND v.tenant_id = p_tenant AND v.figure = crowd.figure
            AND v.value > 0
          ORDER BY v.value DESC, v.part
          LIMIT p_first) AS p
      UNION ALL
      SELECT v.figure, '', v.value, v.parts FROM ledger.view_spread v
       WHERE v.build = b.build AND v.tenant_id = p_tenant AND v.parts > 0
      ) AS f ON true
   WHERE b.view = p_view AND b.state = 'live';
END $fn$;
REVOKE ALL ON FUNCTION ledger.figures_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.figures_of TO trellis_reader;
