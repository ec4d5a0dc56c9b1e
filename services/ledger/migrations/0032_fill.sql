-- Stores the figures of builds that have not begun, in the order given: only under checkpoints that
-- still are at the beginning. There is nothing yet that they could add to. Answers with how many were
-- stored.
CREATE FUNCTION ledger.fill_figures(
  p_build bigint[],
  p_tenant uuid[],
  p_figure text[],
  p_part text[],
  p_value bigint[],
  p_crowd boolean[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
  begun bigint;
BEGIN
  SELECT count(*) INTO begun
    FROM (SELECT DISTINCT f.build, f.tenant FROM unnest(p_build, p_tenant) AS f (build, tenant)) AS l
    LEFT JOIN ledger.view_checkpoint c
      ON c.tenant_id = l.tenant AND c.build = l.build AND c.position = 0 AND c.stamp = 0
   WHERE c.build IS NULL;
  IF begun > 0 THEN
    RETURN 0;
  END IF;
  INSERT INTO ledger.view_figure (build, tenant_id, figure, part, value)
  SELECT f.build, f.tenant, f.figure, f.part, f.value
    FROM unnest(p_build, p_tenant, p_figure, p_part, p_value, p_crowd)
         AS f (build, tenant, figure, part, value, crowd)
   WHERE NOT f.crowd;
  INSERT INTO ledger.view_part (build, tenant_id, figure, part, value)
  SELECT f.build, f.tenant, f.figure, f.part, f.value
    FROM unnest(p_build, p_tenant, p_figure, p_part, p_value, p_crowd)
         AS f (build, tenant, figure, part, value, crowd)
   WHERE f.crowd;
  INSERT INTO ledger.view_spread (build, tenant_id, figure, value, parts)
  SELECT f.build, f.tenant, f.figure, f.value, count(*)
    FROM unnest(p_build, p_tenant, p_figure, p_part, p_value, p_crowd)
         AS f (build, tenant, figure, part, value, crowd)
   WHERE f.crowd
   GROUP BY f.build, f.tenant, f.figure, f.value;
  RETURN cardinality(p_figure);
END $fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_fold;
ALTER FUNCTION ledger.fill_figures OWNER TO trellis_fold;
REVOKE CREATE ON SCHEMA ledger FROM trellis_fold;
REVOKE ALL ON FUNCTION ledger.fill_figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.fill_figures TO trellis_projector;
