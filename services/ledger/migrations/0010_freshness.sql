-- How fresh figures are comes with them: the end of the feed, and since when what they do not include
-- has been in it. Asked apart, it would be of another moment.
DROP FUNCTION ledger.figures_of(uuid, text);
CREATE FUNCTION ledger.figures_of(p_tenant uuid, p_view text)
RETURNS TABLE (
  o_version integer, o_position bigint, o_head bigint, o_waiting bigint, o_figure text, o_part text,
  o_value bigint
)
LANGUAGE plpgsql ROWS 100
AS $fn$
BEGIN
  PERFORM set_config('trellis.tenant', p_tenant::text, true);
  -- One statement, so that figures, position and head are of the same moment.
  RETURN QUERY
  SELECT b.version, coalesce(c.position, 0), greatest(t.head, c.position, 0),
         (extract(epoch FROM w.recorded_at - '2000-01-01Z') * 1000000)::bigint,
         f.figure, f.part, f.value
    FROM ledger.view_build b
    LEFT JOIN ledger.view_checkpoint c ON c.build = b.build AND c.tenant_id = p_tenant
    LEFT JOIN ledger.tenant t ON t.tenant_id = p_tenant
    LEFT JOIN LATERAL (
      SELECT f.aggregate_type, f.aggregate_id, f.sequence FROM ledger.feed f
       WHERE f.tenant_id = p_tenant AND f.position > coalesce(c.position, 0)
       ORDER BY f.position
       LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (
      SELECT e.recorded_at FROM ledger.event e
       WHERE e.aggregate_type = n.aggregate_type AND e.aggregate_id = n.aggregate_id
         AND e.sequence = n.sequence
       LIMIT 1) AS w ON true
    LEFT JOIN ledger.view_figure f
      ON f.build = b.build AND f.tenant_id = p_tenant AND f.value <> 0
   WHERE b.view = p_view AND b.state = 'live';
END $fn$;
REVOKE ALL ON FUNCTION ledger.figures_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.figures_of TO trellis_reader;
