-- A record as a getter folds it: all of its events, those before its reader became a party included,
-- for whoever is a party of its last one. The parties of each event alone, by which rows are kept from
-- readers, would leave a later party without the beginning; so getters used to read as the role that
-- decides, which crosses tenants. Now the database itself asks whose record it is.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trellis_record') THEN
    CREATE ROLE trellis_record NOLOGIN;    -- owns the function, and may do nothing else
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END $$;
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'trellis_record', 'MEMBER') THEN
    EXECUTE format('GRANT trellis_record TO %I', current_user);
  END IF;
END $$;
GRANT USAGE ON SCHEMA ledger TO trellis_record;
GRANT SELECT ON ledger.event, ledger.stream TO trellis_record;
CREATE POLICY record ON ledger.event FOR SELECT TO trellis_record USING (true);
CREATE POLICY record ON ledger.stream FOR SELECT TO trellis_record USING (true);

-- The events of one record from a sequence on, as it was known at an instant (now when null), in
-- order. To a tenant that is a party of the last of them, or, when `p_person` is given instead, to the
-- person it is about; no row to anybody else, whatever there is. Who is none costs a look at one event.
CREATE FUNCTION ledger.record(
    p_tenant uuid,
    p_person uuid,
    p_type text,
    p_id text,
    p_from bigint,
    p_known bigint       -- microseconds since 1970
) RETURNS TABLE (sequence bigint, event_type text, event_version text, payload json, hash bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
    known CONSTANT timestamptz :=
        coalesce(timestamptz 'epoch' + p_known * interval '1 microsecond', 'infinity');
    last bigint;
    seen boolean;
BEGIN
    SELECT l.sequence, p_tenant = ANY (l.parties) INTO last, seen
      FROM ledger.event l
     WHERE l.aggregate_id = p_id COLLATE "C"
       AND l.aggregate_type = p_type COLLATE "C"
       AND l.recorded_at <= known
     ORDER BY l.sequence DESC
     LIMIT 1;
    IF p_person IS NOT NULL THEN
        seen := p_tenant IS NULL AND EXISTS (
            SELECT FROM ledger.stream s
             WHERE s.aggregate_id = p_id COLLATE "C"
               AND s.aggregate_type = p_type COLLATE "C"
               AND s.subject = p_person);
    END IF;
    IF seen THEN
        RETURN QUERY
        SELECT e.sequence, e.event_type, e.event_version, e.payload, e.hash
          FROM ledger.event e
         WHERE e.aggregate_id = p_id COLLATE "C"
           AND e.aggregate_type = p_type COLLATE "C"
           AND e.sequence BETWEEN p_from AND last
         ORDER BY e.sequence;
    END IF;
END $fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_record;
ALTER FUNCTION ledger.record OWNER TO trellis_record;
REVOKE CREATE ON SCHEMA ledger FROM trellis_record;
REVOKE ALL ON FUNCTION ledger.record FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.record TO trellis_reader;

-- A tenant's log is read as that tenant, too.
CREATE POLICY reader ON ledger.log_subtree FOR SELECT TO trellis_reader
    USING (tenant_id = (SELECT ledger.current_tenant()));
GRANT SELECT ON ledger.log_subtree TO trellis_reader;
