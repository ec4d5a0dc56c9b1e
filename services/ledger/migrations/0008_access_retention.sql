-- How long an access stays on record is policy; what is younger than a year stays whatever it says,
-- so that nobody who sets policies can hide a reading.
CREATE INDEX access_age ON ledger.access USING brin (first_at);
CREATE POLICY append ON ledger.access TO trellis_append USING (true);
GRANT SELECT, DELETE ON ledger.access TO trellis_append;

CREATE FUNCTION ledger.expire_accesses(p_before timestamptz, p_most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
    WITH old AS (
        SELECT a.ctid FROM ledger.access a
         WHERE a.first_at < least(p_before, now() - interval '1 year')
         LIMIT p_most
    ), gone AS (
        DELETE FROM ledger.access a USING old WHERE a.ctid = old.ctid RETURNING 1
    )
    SELECT count(*) FROM gone
$fn$;

GRANT CREATE ON SCHEMA ledger TO trellis_append;
ALTER FUNCTION ledger.expire_accesses OWNER TO trellis_append;
REVOKE CREATE ON SCHEMA ledger FROM trellis_append;
REVOKE ALL ON FUNCTION ledger.expire_accesses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.expire_accesses TO trellis_command;
