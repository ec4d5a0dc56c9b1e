-- As before. In SQL it was planned anew at every call, which is once a fold; a plan made while the
-- table was small must not scan it once it is large.
CREATE OR REPLACE FUNCTION ledger.view_rows(p_build bigint[], p_tenant uuid[], p_stream uuid[])
RETURNS TABLE (o_nth bigint, o_row json)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $fn$
BEGIN
  RETURN QUERY
  SELECT w.nth, r.row
    FROM unnest(p_build, p_tenant, p_stream) WITH ORDINALITY AS w (build, tenant, stream, nth)
   CROSS JOIN LATERAL (
     SELECT v.row FROM ledger.view_row v
      WHERE v.tenant_id = w.tenant AND v.build = w.build AND v.stream = w.stream
      LIMIT 1) AS r;
END $fn$;
